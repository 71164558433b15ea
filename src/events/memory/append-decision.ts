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
  /** Write the events behind the head. */
  | { readonly kind: "write" }
  /** They are there already, the last of them at this revision: write nothing. */
  | { readonly kind: "already_written"; readonly lastRevision: number }
  | { readonly kind: "conflict" };

/**
 * How far back an append that expects no particular revision looks for its own ids. Best effort, as in EventStoreDB:
 * a retry that comes more than this many events later is written a second time.
 */
export const RECENT_EVENTS = 1000;

/**
 * Decides what an append of these ids does to a stream: the port's rule of idempotent appends, which EventStoreDB set.
 *
 * - Expecting no stream, or a revision: it is written when the stream is just so. Otherwise the ids must stand exactly
 *   where that append would have put them, however long ago.
 * - Expecting any stream, or that it exists: the ids must stand together among the last RECENT_EVENTS (the latest such
 *   place counts); if none of them is there the events are new.
 * - Everything else, a part of the ids or another order, is a conflict.
 */
export function decideAppend(expectation: Expectation, ids: readonly string[], stream: StreamView): AppendDecision {
  switch (expectation) {
    case "no_stream":
      return stream.head === null ? { kind: "write" } : repeated(ids, 0, stream);
    case "stream_exists":
      return stream.head === null ? { kind: "conflict" } : amongRecent(ids, stream);
    case "any":
      return stream.head === null ? { kind: "write" } : amongRecent(ids, stream);
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

function amongRecent(ids: readonly string[], stream: StreamView): AppendDecision {
  const head = stream.head ?? 0;
  const found = stream.find(ids, Math.max(0, head - RECENT_EVENTS + 1), head);
  if (found.length === 0) return { kind: "write" };
  const start = found.findLast(({ revision, id }) => id === ids[0] && standsAt(revision, ids, found));
  return start === undefined
    ? { kind: "conflict" }
    : { kind: "already_written", lastRevision: start.revision + ids.length - 1 };
}

function standsAt(first: number, ids: readonly string[], found: readonly RecordedId[]): boolean {
  const start = found.findIndex(({ revision }) => revision === first);
  if (start < 0) return false;
  return ids.every((id, index) => {
    const recorded = found[start + index];
    return recorded?.id === id && recorded.revision === first + index;
  });
}
