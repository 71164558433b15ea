import type { Clock } from "../clock.ts";
import type { EventStore } from "../events/event-store.ts";
import { supervise } from "../supervision.ts";
import type { DocumentStore } from "./document-store.ts";
import type { AnyProjection } from "./projection.ts";
import { runProjections } from "./runner.ts";
import type { ProjectionStatus } from "./runner.ts";

export interface ProjectionReports {
  status(status: ProjectionStatus): void;
  /** A runner failed and is started again after the wait; `message` is for the log. */
  failure(name: string, message: string, restartInMs: number): void;
}

/**
 * Runs all projections until the signal aborts; resolves when the last one has ended. Those of the same categories
 * share one reading of the log, which is most of their cost.
 */
export async function hostProjections(
  projections: readonly AnyProjection[],
  log: Pick<EventStore, "subscribe" | "idAt">,
  documents: DocumentStore,
  clock: Clock,
  reports: ProjectionReports,
  signal: AbortSignal,
): Promise<void> {
  const groups = Map.groupBy(projections, ({ categories }) => categories?.join() ?? "all");
  const runGroup = (group: readonly AnyProjection[]): Promise<void> =>
    supervise(
      () => runProjections(group, log, documents, clock, (status) => reports.status(status), signal),
      clock,
      (error, wait) => {
        const message = error instanceof Error ? error.message : String(error);
        for (const { name } of group) reports.failure(name, message, wait);
      },
      signal,
    );
  await Promise.all([...groups.values()].map(runGroup));
}
