import type { Position } from "../../position.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";

/**
 * How many events, and bytes of their data, are kept for followers. A follower that is further back reads them again.
 */
const MAX_EVENTS = 4_096;
const MAX_BYTES = 16 * 1024 * 1024;
/** Dropped events leave the list in batches of this size. */
const DROPPED = 1_024;

/** The latest events of a log, in order, in bounded memory. */
export class RecentEvents {
  /** All events after this place are here; null: all events. */
  #start: Position | null;
  #events: FoundEvent[] = [];
  /** How many at the front of the list are already dropped. */
  #dropped = 0;
  #bytes = 0;

  constructor(start: Position | null) {
    this.#start = start;
  }

  /** The place (exclusive) after which all events are here; null: the log's beginning. */
  get start(): Position | null {
    return this.#start;
  }

  /** Adds an event that comes after all others. */
  add(event: FoundEvent): void {
    this.#events.push(event);
    this.#bytes += event.bytes;
    while (this.#events.length - this.#dropped > MAX_EVENTS || this.#bytes > MAX_BYTES) {
      const first = this.#events[this.#dropped];
      if (first === undefined) break;
      this.#dropped += 1;
      this.#bytes -= first.bytes;
      this.#start = first.position;
    }
    if (this.#dropped < DROPPED) return;
    this.#events = this.#events.slice(this.#dropped);
    this.#dropped = 0;
  }

  /** The first event after a place, null if there is none, or "gone" if it may have been dropped. */
  next(place: Position | null): FoundEvent | null | "gone" {
    if (this.#start !== null && (place === null || place < this.#start)) return "gone";
    if (place === null) return this.#events[this.#dropped] ?? null;
    let [low, high] = [this.#dropped, this.#events.length];
    // Most callers are at the end.
    if ((this.#events.at(-1)?.position ?? "") <= place) return null;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.position ?? "") <= place) low = middle + 1;
      else high = middle;
    }
    return this.#events[low] ?? null;
  }
}
