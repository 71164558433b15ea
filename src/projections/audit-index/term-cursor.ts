import { positionOf } from "../../events/store/position.ts";
import { collectionOf } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { auditIndex } from "./audit-index.ts";
import { closedChunkId, closedChunkIds, openChunkId, positionsIn } from "./chunks.ts";
import type { ChunkDocument, OpenChunkDocument } from "./chunks.ts";
import type { Cursor, Direction } from "./position-cursor.ts";
import type { Term } from "./terms.ts";

/**
 * The open chunks of these terms, read at once, so that all of them have seen the same events. What was closed before
 * can be found from then on.
 */
export async function openChunks(
  documents: DocumentStore,
  terms: readonly Term[],
): Promise<ReadonlyMap<Term, OpenChunkDocument>> {
  const found = await documents.load<OpenChunkDocument>(collectionOf(auditIndex), terms.map(openChunkId));
  const byId = new Map(found.map((chunk) => [chunk._id, chunk]));
  return new Map(
    terms.flatMap((term) => {
      const chunk = byId.get(openChunkId(term));
      return chunk === undefined ? [] : [[term, chunk] as const];
    }),
  );
}

/** The positions of one term. Holds one chunk at a time besides the open one. */
export class TermCursor implements Cursor {
  readonly #documents: DocumentStore;
  readonly #term: Term;
  readonly #direction: Direction;
  readonly #open: readonly number[];
  readonly #hasClosed: boolean;
  /** The chunk that was loaded last; empty: there is nothing more. */
  #positions: readonly number[] = [];
  /** The places for which it has the answer, both inclusive. */
  #from = 0;
  #to = -1;

  /** `open` is the term's open chunk. */
  constructor(documents: DocumentStore, term: Term, open: OpenChunkDocument, direction: Direction) {
    this.#documents = documents;
    this.#term = term;
    this.#direction = direction;
    this.#open = positionsIn(open);
    this.#hasClosed = open.closed > 0;
  }

  next(place: number): number | null | undefined {
    if (place < this.#from || place > this.#to) return undefined;
    const at = indexFrom(this.#positions, place);
    if (this.#direction === "ascending") return this.#positions[at] ?? null;
    return this.#positions[this.#positions[at] === place ? at : at - 1] ?? null;
  }

  async load(place: number): Promise<void> {
    const positions = await (this.#direction === "ascending" ? this.#ascending(place) : this.#descending(place));
    const [first = 0] = positions;
    const last = positions.at(-1) ?? Number.POSITIVE_INFINITY;
    this.#positions = positions;
    [this.#from, this.#to] = this.#direction === "ascending" ? [place, last] : [first, place];
    // After the last chunk, and where there is none, there is nothing.
    if (this.#direction === "ascending" && (positions.length === 0 || positions === this.#open)) {
      this.#to = Number.POSITIVE_INFINITY;
    }
  }

  /** The first chunk that ends at or after the place. */
  async #ascending(place: number): Promise<readonly number[]> {
    if (!this.#isInOpen(place) && this.#hasClosed) {
      const [, to] = closedChunkIds(this.#term);
      const closed = await this.#find({ from: this.#idAt(place), to }, "ascending");
      if (closed !== undefined) return positionsIn(closed);
    }
    return (this.#open.at(-1) ?? -1) >= place ? this.#open : [];
  }

  /** The last chunk that begins at or before the place. */
  async #descending(place: number): Promise<readonly number[]> {
    if (this.#isInOpen(place)) return this.#open;
    if (!this.#hasClosed) return [];
    const [from, to] = closedChunkIds(this.#term);
    const around = await this.#find({ from: this.#idAt(place), to }, "ascending");
    const positions = around === undefined ? [] : positionsIn(around);
    if ((positions[0] ?? Number.POSITIVE_INFINITY) <= place) return positions;
    const before = await this.#find({ from, to: this.#idAt(place) }, "descending");
    return before === undefined ? [] : positionsIn(before);
  }

  #isInOpen(place: number): boolean {
    return place >= (this.#open[0] ?? Number.POSITIVE_INFINITY);
  }

  /** The id of a closed chunk that ends at this place; places are whole numbers from 0, or beyond every position. */
  #idAt(place: number): string {
    return closedChunkId(this.#term, positionOf(Math.min(place, Number.MAX_SAFE_INTEGER)));
  }

  async #find(range: { from: string; to: string }, direction: Direction): Promise<ChunkDocument | undefined> {
    const [found] = await this.#documents.find<ChunkDocument>(collectionOf(auditIndex), {
      range: { field: "_id", ...range },
      order: { field: "_id", direction },
      limit: 1,
    });
    return found;
  }
}

/** The index of the first position at or after the place; the length when there is none. */
function indexFrom(positions: readonly number[], place: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
