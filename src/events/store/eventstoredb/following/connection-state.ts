/** One follower's share of the connection's state. */
export interface FollowerConnection {
  /** Reports that the follower reached the server (null), or the reason why it did not. */
  note(reason: string | null): void;
  /** The follower has ended: its trouble no longer counts. */
  leave(): void;
}

/**
 * Whether the server can be reached, as seen by the log's followers: only if none of them is in trouble. A follower
 * that recovers first does not hide the trouble of the others, and trouble ends with its follower.
 */
export class ConnectionState {
  readonly #onChange: (reason: string | null) => void;
  /** Whether each follower that has reported reached the server. */
  readonly #followers = new Map<FollowerConnection, boolean>();
  #connected = true;

  /** `onChange` is called when the state changes: with null for connected, otherwise with the reason. */
  constructor(onChange: (reason: string | null) => void) {
    this.#onChange = onChange;
  }

  /** The connection of one more follower. */
  join(): FollowerConnection {
    const follower: FollowerConnection = {
      note: (reason) => {
        this.#followers.set(follower, reason === null);
        if (reason === null) this.#reportIfAllConnected();
        else this.#change(reason);
      },
      leave: () => {
        this.#followers.delete(follower);
        // Without a follower the state is unknown.
        if (this.#followers.size > 0) this.#reportIfAllConnected();
      },
    };
    return follower;
  }

  #reportIfAllConnected(): void {
    if ([...this.#followers.values()].every((connected) => connected)) this.#change(null);
  }

  #change(reason: string | null): void {
    const connected = reason === null;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#onChange(reason);
  }
}
