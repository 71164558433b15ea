import type { Position as ServerPosition } from "@eventstore/db-client";
import type { Position } from "../position.ts";
import { isEventPlace, placeOf, serverPlaceOf } from "./server-place.ts";

/**
 * Up to where a follower of the log has come. Its position is always that of an event, so that it can be given away and
 * be begun behind again. The server's checkpoints need not be one: while a subscription catches up they are the end of
 * the last event that was looked at, where the next event begins that was not.
 */
export class FollowerPlace {
  /** The position that the last `caughtUp` told of; undefined before the first. */
  reported: Position | null | undefined;
  #position: Position | null;
  /** A checkpoint between two events, further than the position: everything before it was looked at, and nothing at it. */
  #searched: ServerPosition | null = null;
  #handled: { readonly position: Position; readonly id: string } | null = null;

  constructor(after: Position | null) {
    this.#position = after;
  }

  /** The last event that was handled or passed over; null at the beginning of the log. */
  get position(): Position | null {
    return this.#position;
  }

  /** Whether everything that was looked at is at or before the position. */
  get isExact(): boolean {
    return this.#searched === null;
  }

  /** The last event that was handed on. */
  get handled(): { readonly position: Position; readonly id: string } | null {
    return this.#handled;
  }

  /** Where the server has to go on; null: at the log's beginning. */
  get next(): ServerPosition | null {
    if (this.#searched !== null) return this.#searched;
    return this.#position === null ? null : serverPlaceOf(this.#position);
  }

  /** Whether an event at this position was neither handled nor passed over. */
  isBefore(position: Position): boolean {
    if (this.#searched !== null) return BigInt(position) >= this.#searched.commit;
    return this.#position === null || position > this.#position;
  }

  /** The event was handed on. */
  handle(event: { readonly position: Position; readonly id: string }): void {
    this.#handled = { position: event.position, id: event.id };
    this.#moveTo(event.position);
  }

  /** Nothing that is asked for is up to this event, or there is no event any more between it and the place. */
  passOver(position: Position | null): void {
    this.#moveTo(position);
  }

  /** The server has sent everything up to there. */
  reach(checkpoint: ServerPosition): void {
    const behind = this.next?.commit ?? -1n;
    if (isEventPlace(checkpoint) && checkpoint.commit >= behind) this.#moveTo(placeOf(checkpoint));
    else if (checkpoint.commit > behind) this.#searched = checkpoint;
  }

  #moveTo(position: Position | null): void {
    if (position !== null && position > (this.#position ?? "")) this.#position = position;
    this.#searched = null;
  }
}
