import { numberOf, positionOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { CHUNK } from "./chunks.ts";
import { Intersection, Union, isBefore } from "./position-cursor.ts";
import type { Cursor, Direction } from "./position-cursor.ts";
import { openSpan, stretchesOf } from "./stretches.ts";
import type { RecordedRange } from "./stretches.ts";
import { TermCursor, openChunks } from "./term-cursor.ts";
import type { OpenSpanDocument } from "./time-spans.ts";
import type { Term } from "./terms.ts";

/** Terms of which an event has at least one. */
export type TermList = readonly Term[];

/** Which events are looked for. */
export interface IndexQuery extends RecordedRange {
  /** Of each list, an event has at least one term. */
  readonly all: readonly TermList[];
  /**
   * Of each of these too, but for those that would cost more than they save: an event without them may be given, and the
   * caller looks at what it is. At least one list is here or in `all`.
   */
  readonly also?: readonly TermList[];
  readonly direction: Direction;
  /** The place after which to begin, in the direction (exclusive); null: its beginning. */
  readonly after: Position | null;
}

/** How many positions are given at a time, and how often chunks are loaded for them. */
const MOST_POSITIONS = 128;
const MOST_LOADS = 32;

/**
 * The positions of the events that have all of this, in order, as far as the index has come; some were recorded outside
 * the range. They come in parts, of which some are empty: between two of them nothing is held up. Reads only the chunks
 * in which an event may be, each when it is needed, and holds one of each term.
 *
 * @throws ReadModelsUnavailable when the store cannot answer now
 */
export async function* findPositions(
  documents: DocumentStore,
  { all, also = [], direction, after, ...range }: IndexQuery,
): AsyncGenerator<readonly Position[]> {
  const opened = await openCursor(documents, all, also, direction);
  if (opened === null) return;
  const { cursor, span } = opened;
  const stretches = await stretchesOf(documents, span, range);
  for (const stretch of direction === "ascending" ? stretches : stretches.toReversed()) {
    const first = stretch.after === null ? 0 : numberOf(stretch.after) + 1;
    const last = Math.min(numberOf(span.position), stretch.last === null ? Infinity : numberOf(stretch.last));
    if (direction === "ascending") {
      yield* positionsBetween(cursor, Math.max(first, after === null ? 0 : numberOf(after) + 1), last, direction);
    } else {
      yield* positionsBetween(cursor, Math.min(last, after === null ? last : numberOf(after) - 1), first, direction);
    }
  }
}

/**
 * Says whether the event at a position has all of this. It must be asked for ascending positions.
 *
 * @throws ReadModelsUnavailable when the store cannot answer now
 */
export async function membership(
  documents: DocumentStore,
  all: readonly TermList[],
): Promise<(position: Position) => Promise<boolean>> {
  const opened = await openCursor(documents, all, [], "ascending");
  return async (position) => {
    if (opened === null) return false;
    const place = numberOf(position);
    for (;;) {
      const next = opened.cursor.next(place);
      if (next !== undefined) return next === place;
      await opened.cursor.load(place);
    }
  };
}

/** A cursor over the events that have all of this; null when the index has none. */
async function openCursor(
  documents: DocumentStore,
  all: readonly TermList[],
  also: readonly TermList[],
  direction: Direction,
): Promise<{ readonly cursor: Cursor; readonly span: OpenSpanDocument } | null> {
  // The span comes first: each open chunk that is read after it has seen what it has.
  const span = await openSpan(documents);
  const open = await openChunks(documents, [...all, ...also].flat());
  const lists = [...all, ...also].map((terms, index) => {
    const chunks = [...new Set(terms)].flatMap((term) => {
      const chunk = open.get(term);
      return chunk === undefined ? [] : [{ term, chunk }];
    });
    const full = chunks.reduce((sum, { chunk }) => sum + chunk.closed, 0);
    const size = chunks.reduce((sum, { chunk }) => sum + chunk.count, full * CHUNK);
    return { chunks, full, size, needed: index < all.length };
  });
  const smallest = Math.min(...lists.map(({ size }) => size));
  if (span === null || smallest === 0) return null;
  const members = lists
    // Where one list is so much longer that each step of another leads to a further chunk, reading the event is cheaper.
    .filter(({ needed, size, full }) => needed || size === smallest || full * 2 <= smallest)
    .map(({ chunks }) => chunks.map(({ term, chunk }) => new TermCursor(documents, term, chunk, direction)))
    .map((terms) => (terms.length === 1 ? (terms[0] as Cursor) : new Union(terms, direction)));
  return { cursor: new Intersection(members, direction), span };
}

async function* positionsBetween(
  cursor: Cursor,
  first: number,
  last: number,
  direction: Direction,
): AsyncGenerator<readonly Position[]> {
  let place = first;
  let found: Position[] = [];
  let loads = 0;
  while (!isBefore(last, place, direction)) {
    const next = cursor.next(place);
    if (next === undefined) {
      await cursor.load(place);
      loads += 1;
    } else if (next === null || isBefore(last, next, direction)) {
      break;
    } else {
      found.push(positionOf(next));
      place = next + (direction === "ascending" ? 1 : -1);
    }
    if (found.length < MOST_POSITIONS && loads < MOST_LOADS) continue;
    yield found;
    found = [];
    loads = 0;
  }
  if (found.length > 0) yield found;
}
