import type { Position } from "../../events/store/position.ts";
import type { Comparison } from "../rebuilding/compare-generations.ts";
import type { GenerationId } from "../rebuilding/generations.ts";
import type { ProjectionState, RebuildPhase } from "./projection-terms.ts";

/** The position and state of a projection. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Everything up to here is in the documents; null before the first event. */
  readonly position: Position | null;
  /** `outdated`: made by an earlier version of the fold, and shown unchanged until the new generation is complete. */
  readonly state: ProjectionState;
  /** The event that it cannot pass, and why. */
  readonly fault: { readonly stream: string; readonly revision: string; readonly reason: string } | null;
}

/** The progress of a rebuild. */
export interface RebuildStatus {
  readonly version: number;
  readonly generation: number;
  readonly phase: RebuildPhase;
  /** How far it has come; null before the first event. */
  readonly position: string | null;
  readonly fault: ProjectionStatus["fault"];
  /** The result of comparing it with the live generation; null before, and if the live one has another version. */
  readonly comparison: Comparison | null;
}

/** Names all projections, in a report that concerns them all. */
export const ALL_PROJECTIONS = "all";

/**
 * A report about the projections. It is plain data: runners, builders and the host create it, the projection thread
 * posts it unchanged, and the main thread records it (`ReadingLoops`).
 */
export type ProjectionReport =
  | { readonly kind: "status"; readonly status: ProjectionStatus }
  /** The work failed, and is retried after the wait; `reason` is for the program's log. */
  | { readonly kind: "failure"; readonly name: string; readonly reason: string; readonly restartInMs: number }
  /** Its read model was not built from this log, and is rebuilt. */
  | { readonly kind: "reset"; readonly name: string; readonly reason: string }
  /** Readers see this generation from now on. */
  | { readonly kind: "live"; readonly name: string; readonly generationId: GenerationId }
  /** The progress of a rebuild; null when it has ended. */
  | { readonly kind: "rebuild"; readonly name: string; readonly status: RebuildStatus | null };

/** Takes a report. */
export type ReportProjection = (report: ProjectionReport) => void;

/** Reports a failure for each projection that it concerns. The work is retried after `restartInMs`. */
export function reportFailure(
  report: ReportProjection,
  projections: readonly { readonly name: string }[],
  error: unknown,
  restartInMs: number,
): void {
  const reason = error instanceof Error ? error.message : String(error);
  for (const { name } of projections) report({ kind: "failure", name, reason, restartInMs });
}
