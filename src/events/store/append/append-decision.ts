import type { Expectation } from "./prepared-append.ts";

/** An event that is already in the stream. */
export interface RecordedId {
  readonly revision: number;
  readonly id: string;
}

/** What the decision needs from the stream. An adapter computes only what is called for. */
export interface StreamView {
  /** The last revision, or null if the stream has no events. */
  readonly head: number | null;
  /** The events with one of these ids at revisions `first` to `last` (inclusive), by ascending revision. */
  find(ids: readonly string[], first: number, last: number): readonly RecordedId[];
}

export type AppendDecision =
  /** Write the events after the head. */
  | { readonly kind: "write" }
  /** The events are already there, the last at this revision: write nothing. */
  | { readonly kind: "already_written"; readonly lastRevision: number }
  | { readonly kind: "conflict" };

/**
 * How many recent events are searched for the id of an append with expectation `any`. Best effort, as in EventStoreDB:
 * a retry that comes more than this many events later is written again.
 */
export const RECENT_EVENTS = 1000;

/**
 * Decides what an append of these ids does to a stream. These are EventStoreDB's rules for idempotent appends.
 *
 * - With `no_stream` or a revision: write if the stream is at exactly that point. Otherwise it is a repetition if the
 *   ids are exactly where that append would have put them, however long ago.
 * - With `any` and a single id: write unless the id is among the last RECENT_EVENTS; its latest place counts.
 * - Anything else, such as some of the ids or another order, is a conflict.
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

/** Whether exactly these ids were found from revision `first` on, in order and without a gap. */
function standsAt(first: number, ids: readonly string[], found: readonly RecordedId[]): boolean {
  return (
    found.length === ids.length &&
    found.every(({ revision, id }, index) => revision === first + index && id === ids[index])
  );
}
