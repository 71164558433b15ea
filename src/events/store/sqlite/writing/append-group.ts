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
  /**
   * Durable. Three numbers per append: WRITTEN, revision, position; or CONFLICT, the stream's last revision (-1: none),
   * 0.
   */
  | { readonly kind: "committed"; readonly results: readonly number[] }
  /** Not written. `fault`: nothing will be written until a restart. `full`: the disk is full. */
  | { readonly kind: "not_written"; readonly reason: string; readonly fault: boolean; readonly full?: boolean }
  /** Perhaps written. Nothing more will be written until a restart. */
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
