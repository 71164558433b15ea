import type { EventStore } from "../events/store/event-store.ts";
import type { ProjectionControl } from "../projections/running/projection-host.ts";
import type { ReportProjection } from "../projections/running/projection-report.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";
import { token } from "../runtime/token.ts";

/** The token under which the container registers the storage. */
export const STORAGE = token<Storage>("Storage");

/** In bytes; null: not on this machine. */
export interface StorageSizes {
  readonly eventLogBytes: number | null;
  readonly readModelsBytes: number | null;
  /** What the disk of the data folder still has for this user. */
  readonly diskFreeBytes: number | null;
}

/** The log, the read models, and what keeps the read models up with the log. */
export interface Storage {
  readonly store: EventStore;
  readonly documents: DocumentStore;
  /** True if other gateways may work on the same log. */
  readonly sharedLog: boolean;
  /** Takes an operator's requests while the projections run. */
  readonly projections: ProjectionControl;
  /** Runs the projections until the signal aborts. */
  runProjections(report: ReportProjection, signal: AbortSignal): Promise<void>;
  /** How large it is on this machine. Rejects when the system does not say. */
  sizes(): Promise<StorageSizes>;
  /** Closes everything; the projections must have ended. */
  close(): Promise<void>;
}

/** Reports about the log that no call can return. */
export interface LogReports {
  /** The log accepts no events until a restart. Called once. */
  fault(error: Error): void;
  /** The log's server cannot be reached (with the reason), or can be reached again. */
  connection(connected: boolean, reason?: string): void;
  /** The log's server has been waited for this many seconds. */
  waiting(reason: string, seconds: number): void;
  /** The log is empty, and the server has a log of an earlier version, whose streams have no prefix. */
  unprefixedLog(): void;
}
