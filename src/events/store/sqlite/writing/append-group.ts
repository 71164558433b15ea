import type { Expectation, PreparedAppend } from "../../append/prepared-append.ts";

/**
 * Appends that share one commit. Flat lists of text, because they are copied between threads: append `i` takes the next
 * `counts[i]` entries of the lists of events.
 */
export interface AppendGroup {
  readonly streams: readonly string[];
  readonly expectations: readonly Expectation[];
  readonly counts: readonly number[];
  readonly ids: readonly string[];
  readonly types: readonly string[];
  readonly data: readonly string[];
  readonly metadata: readonly string[];
}

/** What became of a group. */
export type GroupOutcome =
  /** Durable. Three numbers an append: WRITTEN, revision, position, or CONFLICT, the stream's last revision or -1, 0. */
  | { readonly kind: "committed"; readonly results: readonly number[] }
  /** Certainly not written. `fault`: nor will anything else be, until a restart. `full`: for lack of room on the disk. */
  | { readonly kind: "not_written"; readonly reason: string; readonly fault: boolean; readonly full?: boolean }
  /** Perhaps written. Nothing else will be, until a restart. */
  | { readonly kind: "unknown"; readonly reason: string };

export const WRITTEN = 0;
export const CONFLICT = 1;

/** The appends as one group, in order. */
export function groupOf(appends: readonly PreparedAppend[]): AppendGroup {
  return {
    streams: appends.map(({ stream }) => stream),
    expectations: appends.map(({ expectation }) => expectation),
    counts: appends.map(({ ids }) => ids.length),
    ids: appends.flatMap(({ ids }) => ids),
    types: appends.flatMap(({ types }) => types),
    data: appends.flatMap(({ data }) => data),
    metadata: appends.flatMap(({ metadata }) => metadata),
  };
}
