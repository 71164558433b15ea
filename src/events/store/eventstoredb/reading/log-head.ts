import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { EventReader } from "./read-events.ts";

/** How long to search for the log's last event among those of other programs, in ms. */
const SEARCH_MS = 300;

/**
 * Finds the end of the log in a database that other programs write to. It is the log's own last event, so that no
 * reader waits for events outside the log. If finding that takes too long (millions of others' events after it), it is
 * the last event of all programs, which followers reach just as well.
 */
export class LogHead {
  readonly #reader: Pick<EventReader, "end" | "firstAfter" | "last">;
  readonly #prefixes: readonly string[];
  /** The place up to which the log's last event is known; undefined while unknown. */
  #searchedTo: Position | undefined;
  #last: Position | null = null;

  /** `prefixes`: what the log's stream names begin with on the server. */
  constructor(reader: Pick<EventReader, "end" | "firstAfter" | "last">, prefixes: readonly string[]) {
    this.#reader = reader;
    this.#prefixes = prefixes;
  }

  /** The end of the log, or null if it is empty. Throws StoreUnavailable. */
  async find(): Promise<Position | null> {
    const end = await this.#reader.end();
    if (end === null) return null;
    const { position, stream } = end;
    if (stream !== null) return this.#remember(position, position);
    if (this.#searchedTo !== undefined && position <= this.#searchedTo) return this.#last;
    try {
      if (this.#searchedTo !== undefined) {
        const next = await this.#reader.firstAfter(this.#searchedTo, this.#prefixes, SEARCH_MS);
        if (next === null || next.position > position) return this.#remember(position, this.#last);
      }
      const last = await this.#reader.last(this.#prefixes, SEARCH_MS);
      return this.#remember(position, last?.position ?? null);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return this.#remember(position, position);
    }
  }

  #remember(searchedTo: Position, last: Position | null): Position | null {
    if (this.#searchedTo === undefined || searchedTo > this.#searchedTo) this.#searchedTo = searchedTo;
    // Of two concurrent searches, the one that saw less may finish last.
    if (last !== null && last > (this.#last ?? "")) this.#last = last;
    return this.#last;
  }
}
