/** One follower's part in the state of the connection. */
export interface FollowerConnection {
  /** The follower reached the server (null), or did not, and why. */
  note(reason: string | null): void;
  /** The follower has ended, and its trouble with it. */
  leave(): void;
}

/**
 * Whether the server can be reached, from what the followers of its log say: not while any of them is in trouble. One
 * that comes back before the others would otherwise be contradicted by those, and trouble that ended with its follower
 * would be told of for ever.
 */
export class ConnectionState {
  readonly #tell: (reason: string | null) => void;
  /** Whether each follower that has said something reached the server. */
  readonly #followers = new Map<FollowerConnection, boolean>();
  #connected = true;

  /** `tell` is called whenever the state changes: with null when it is well again, else with the reason. */
  constructor(tell: (reason: string | null) => void) {
    this.#tell = tell;
  }

  /** The connection of one more follower. */
  join(): FollowerConnection {
    const follower: FollowerConnection = {
      note: (reason) => {
        this.#followers.set(follower, reason === null);
        if (reason === null) this.#tellIfAllAreWell();
        else this.#change(reason);
      },
      leave: () => {
        this.#followers.delete(follower);
        // Without a follower the state is unknown.
        if (this.#followers.size > 0) this.#tellIfAllAreWell();
      },
    };
    return follower;
  }

  #tellIfAllAreWell(): void {
    if ([...this.#followers.values()].every((well) => well)) this.#change(null);
  }

  #change(reason: string | null): void {
    const connected = reason === null;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#tell(reason);
  }
}
