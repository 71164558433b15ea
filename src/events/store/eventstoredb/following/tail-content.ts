import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import { RecentEvents } from "./recent-events.ts";

/** What the tail knows of the end of the log: the latest events, and how far the log has been searched. */
export class TailContent {
  #recent: RecentEvents | null = null;
  #searchedTo: Position | null = null;
  #last: FoundEvent | null = null;

  /** The latest events; null while unknown. */
  get recent(): RecentEvents | null {
    return this.#recent;
  }

  /** Every event up to here that the members ask for has arrived. */
  get searchedTo(): Position | null {
    return this.#searchedTo;
  }

  /** The last event, by which the log is recognised; null if none is known. */
  get last(): FoundEvent | null {
    return this.#last;
  }

  /** Begins at the log's end without any earlier event; null: the log is empty. */
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
    // The check before the next subscription finds out whether the log was replaced.
    if (this.#searchedTo !== null && event.position <= this.#searchedTo) {
      throw new StoreUnavailable("the event store sent an event out of order");
    }
    this.#searchedTo = event.position;
    if (event.stream === null) return;
    this.#last = event;
    this.#recent?.add(event);
  }

  /** Notes that there is no matching event up to this place. */
  advanceTo(place: Position | null): void {
    this.#searchedTo = place;
  }

  /** Forgets everything. */
  forget(): void {
    this.#recent = null;
    this.#searchedTo = null;
    this.#last = null;
  }
}
