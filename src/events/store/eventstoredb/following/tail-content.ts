import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import { RecentEvents } from "./recent-events.ts";

/** What is known here of the end of the log: the events that came last, and how far the log was looked through. */
export class TailContent {
  #recent: RecentEvents | null = null;
  #searchedTo: Position | null = null;
  #last: FoundEvent | null = null;

  /** The latest events; null while nothing is known. */
  get recent(): RecentEvents | null {
    return this.#recent;
  }

  /** Everything up to there that is asked for was here. */
  get searchedTo(): Position | null {
    return this.#searchedTo;
  }

  /** The last event by which the log differs from another; null: none is known. */
  get last(): FoundEvent | null {
    return this.#last;
  }

  /** Begins at the log's end, with nothing of what was before; null: the log is empty. */
  begin(end: FoundEvent | null): void {
    this.#searchedTo = end?.position ?? null;
    this.#recent = new RecentEvents(this.#searchedTo);
    this.#last = end?.stream == null ? null : end;
  }

  /**
   * Adds the next event.
   *
   * @throws StoreUnavailable when it comes out of order
   */
  add(event: FoundEvent): void {
    // Whether the log is another one is for the look before the next subscription to say.
    if (this.#searchedTo !== null && event.position <= this.#searchedTo) {
      throw new StoreUnavailable("the event store sent an event out of order");
    }
    this.#searchedTo = event.position;
    if (event.stream === null) return;
    this.#last = event;
    this.#recent?.add(event);
  }

  /** There was nothing of what is asked for up to this place. */
  lookedTo(place: Position | null): void {
    this.#searchedTo = place;
  }

  /** Knows nothing any more. */
  forget(): void {
    this.#recent = null;
    this.#searchedTo = null;
    this.#last = null;
  }
}
