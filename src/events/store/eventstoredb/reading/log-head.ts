import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { EventReader } from "./read-events.ts";

/** How long the log's last event is looked for among those of other programs, in ms. */
const LOOK_MS = 300;

/**
 * Finds the end of the log in a database that others write to as well: that of its own last event, since no reader should wait
 * for what is not in the log. Where that would take long (millions of others' events after it), it is the last event of
 * all programs instead, a place that all followers reach just as well.
 */
export class LogHead {
  readonly #reader: Pick<EventReader, "end" | "firstBehind" | "last">;
  readonly #prefixes: readonly string[];
  /** Up to where the log's last event is known; undefined while nothing is. */
  #searchedTo: Position | undefined;
  #last: Position | null = null;

  /** `prefixes`: what the names of the log's streams begin with on the server. */
  constructor(reader: Pick<EventReader, "end" | "firstBehind" | "last">, prefixes: readonly string[]) {
    this.#reader = reader;
    this.#prefixes = prefixes;
  }

  /** The end of the log, null when it is empty. Throws StoreUnavailable. */
  async find(): Promise<Position | null> {
    const end = await this.#reader.end();
    if (end === null) return null;
    const { position, stream } = end;
    if (stream !== null) return this.#know(position, position);
    if (this.#searchedTo !== undefined && position <= this.#searchedTo) return this.#last;
    try {
      if (this.#searchedTo !== undefined) {
        const next = await this.#reader.firstBehind(this.#searchedTo, this.#prefixes, LOOK_MS);
        if (next === null || next.position > position) return this.#know(position, this.#last);
      }
      const last = await this.#reader.last(this.#prefixes, LOOK_MS);
      return this.#know(position, last?.position ?? null);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return this.#know(position, position);
    }
  }

  #know(searchedTo: Position, last: Position | null): Position | null {
    if (this.#searchedTo === undefined || searchedTo > this.#searchedTo) this.#searchedTo = searchedTo;
    // Of two that look at once the one that saw less may come later.
    if (last !== null && last > (this.#last ?? "")) this.#last = last;
    return this.#last;
  }
}
