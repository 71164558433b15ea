import type { EventStore } from "../events/store/event-store.ts";
import type { ProjectionControl } from "../projections/running/projection-host.ts";
import type { ReportProjection } from "../projections/running/projection-report.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";
import { token } from "../runtime/token.ts";

/** The token under which the container registers the storage. */
export const STORAGE = token<Storage>("Storage");

/** The log, the read models, and whatever keeps the second up with the first. */
export interface Storage {
  readonly store: EventStore;
  readonly documents: DocumentStore;
  /** True when other gateways may work on the same log. */
  readonly sharedLog: boolean;
  /** Takes an operator's wishes while the projections run. */
  readonly projections: ProjectionControl;
  /** Runs the projections until the signal aborts. */
  runProjections(report: ReportProjection, signal: AbortSignal): Promise<void>;
  /** Closes all of it; the projections must have ended. */
  close(): Promise<void>;
}

/** What the log has to say that no call of it can. */
export interface LogReports {
  /** The log can take no event any more until a restart. Told once. */
  fault(error: Error): void;
  /** The log's server cannot be reached (with the reason), or can again. */
  connection(connected: boolean, reason?: string): void;
  /** The log's server is waited for, since so many seconds. */
  waiting(reason: string, seconds: number): void;
  /** The log is empty, and the server has one of an earlier version, whose streams have no prefix. */
  unprefixedLog(): void;
}
