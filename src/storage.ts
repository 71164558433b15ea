import type { EventStore } from "./events/event-store.ts";
import type { DocumentStore } from "./projections/document-store.ts";
import type { ProjectionReports } from "./projections/projection-host.ts";

/** The log, the read models, and whatever keeps the second up with the first. */
export interface Storage {
  readonly store: EventStore;
  readonly documents: DocumentStore;
  /** Runs the projections until the signal aborts. */
  runProjections(reports: ProjectionReports, signal: AbortSignal): Promise<void>;
  /** Closes all of it; the projections must have ended. */
  close(): Promise<void>;
}
