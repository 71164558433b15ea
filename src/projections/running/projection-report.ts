import type { Position } from "../../events/store/position.ts";
import type { Comparison } from "../rebuilding/compare-generations.ts";
import type { GenerationId } from "../rebuilding/generations.ts";
import type { ProjectionState, RebuildPhase } from "./projection-terms.ts";

/** Where a projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Everything at or before it is in the documents; null before the first event. */
  readonly position: Position | null;
  /** `outdated`: made by an earlier version of the fold, and shown as it is until the new one is complete. */
  readonly state: ProjectionState;
  /** Why it stopped: an event that it cannot go past. */
  readonly fault: { readonly stream: string; readonly revision: string; readonly reason: string } | null;
}

/** Where the making of a generation stands. */
export interface RebuildStatus {
  readonly version: number;
  readonly generation: number;
  readonly phase: RebuildPhase;
  /** Up to where it has come; null before the first event. */
  readonly position: string | null;
  readonly fault: ProjectionStatus["fault"];
  /** What comparing it with the live one found; null before, and when the live one is of another version. */
  readonly comparison: Comparison | null;
}

/** Stands for every projection, in a report that concerns them all. */
export const ALL_PROJECTIONS = "all";

/**
 * Everything that can be reported of the projections. A report is plain data: runners, builders and the host make it, the
 * projection thread posts it as it is, and the main thread takes note of it (`ReadingLoops`).
 */
export type ProjectionReport =
  | { readonly kind: "status"; readonly status: ProjectionStatus }
  /** The work on it failed, and goes on after the wait; `reason` is for the program's log. */
  | { readonly kind: "failure"; readonly name: string; readonly reason: string; readonly restartInMs: number }
  /** Its read model was built from something else than this log, and is rebuilt. */
  | { readonly kind: "reset"; readonly name: string; readonly reason: string }
  /** Readers see this generation from now on. */
  | { readonly kind: "live"; readonly name: string; readonly generationId: GenerationId }
  /** Where the making of another generation stands; null when none is being made any more. */
  | { readonly kind: "rebuild"; readonly name: string; readonly status: RebuildStatus | null };

/** Takes a report. */
export type ReportProjection = (report: ProjectionReport) => void;

/** Reports a failure once for each projection that it concerns; the work is tried again after `restartInMs`. */
export function reportFailure(
  report: ReportProjection,
  projections: readonly { readonly name: string }[],
  error: unknown,
  restartInMs: number,
): void {
  const reason = error instanceof Error ? error.message : String(error);
  for (const { name } of projections) report({ kind: "failure", name, reason, restartInMs });
}
