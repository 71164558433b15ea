import type { Expectation } from "./prepared-append.ts";

/** An event that is already in the stream. */
export interface RecordedId {
  readonly revision: number;
  readonly id: string;
}

/** What the decision has to know of the stream; an adapter answers only what is asked. */
export interface StreamView {
  /** The last revision, or null when the stream has no event. */
  readonly head: number | null;
  /** Those events with one of these ids at the revisions `first` to `last` (inclusive), by ascending revision. */
  find(ids: readonly string[], first: number, last: number): readonly RecordedId[];
}

export type AppendDecision =
  /** Write the events after the head. */
  | { readonly kind: "write" }
  /** They are there already, the last of them at this revision: write nothing. */
  | { readonly kind: "already_written"; readonly lastRevision: number }
  | { readonly kind: "conflict" };

/**
 * How far back an append that expects nothing looks for its own id. Best effort, as in EventStoreDB: a retry that comes
 * more than this many events later is written a second time.
 */
export const RECENT_EVENTS = 1000;

/**
 * Decides what an append of these ids does to a stream: the port's rule of idempotent appends, which EventStoreDB set.
 *
 * - Expecting no stream, or a revision: it is written when the stream is just so. Otherwise the ids must stand exactly
 *   where that append would have put them, however long ago.
 * - Expecting nothing, with a single id: it is written unless it stands among the last RECENT_EVENTS, where the latest
 *   such place counts.
 * - Everything else, a part of the ids or another order, is a conflict.
 */
export function decideAppend(expectation: Expectation, ids: readonly string[], stream: StreamView): AppendDecision {
  switch (expectation) {
    case "no_stream":
      return stream.head === null ? { kind: "write" } : repeated(ids, 0, stream);
    case "any":
      return stream.head === null ? { kind: "write" } : amongRecent(ids, stream.head, stream);
    default:
      return stream.head === expectation ? { kind: "write" } : repeated(ids, expectation + 1, stream);
  }
}

function repeated(ids: readonly string[], first: number, stream: StreamView): AppendDecision {
  const last = first + ids.length - 1;
  if (stream.head === null || stream.head < last) return { kind: "conflict" };
  return standsAt(first, ids, stream.find(ids, first, last))
    ? { kind: "already_written", lastRevision: last }
    : { kind: "conflict" };
}

function amongRecent(ids: readonly string[], head: number, stream: StreamView): AppendDecision {
  const found = stream.find(ids, Math.max(0, head - RECENT_EVENTS + 1), head).at(-1);
  return found === undefined ? { kind: "write" } : { kind: "already_written", lastRevision: found.revision };
}

/** Whether these ids, and no other, were found from revision `first` on without a gap. */
function standsAt(first: number, ids: readonly string[], found: readonly RecordedId[]): boolean {
  return (
    found.length === ids.length &&
    found.every(({ revision, id }, index) => revision === first + index && id === ids[index])
  );
}
