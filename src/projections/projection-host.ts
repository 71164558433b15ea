import type { Clock } from "../clock.ts";
import type { EventStore } from "../events/event-store.ts";
import { supervise } from "../supervision.ts";
import type { DocumentStore } from "./document-store.ts";
import type { Projection } from "./projection.ts";
import { runProjection } from "./runner.ts";
import type { ProjectionStatus } from "./runner.ts";

export interface ProjectionReports {
  status(status: ProjectionStatus): void;
  /** A runner failed and is started again after the wait; `message` is for the log. */
  failure(name: string, message: string, restartInMs: number): void;
}

/** Runs all projections, each on its own, until the signal aborts; resolves when the last one has ended. */
export async function hostProjections(
  projections: readonly Projection[],
  log: Pick<EventStore, "subscribe" | "head">,
  documents: DocumentStore,
  clock: Clock,
  reports: ProjectionReports,
  signal: AbortSignal,
): Promise<void> {
  const runOne = (projection: Projection): Promise<void> =>
    supervise(
      () => runProjection(projection, log, documents, (status) => reports.status(status), signal),
      clock,
      (error, wait) => reports.failure(projection.name, error instanceof Error ? error.message : String(error), wait),
      signal,
    );
  await Promise.all(projections.map(runOne));
}
