import type { Config } from "../config.ts";
import type { EventStore } from "../events/store/event-store.ts";
import type { Use } from "../events/store/eventstoredb/opening/check-rights.ts";
import type { DataDirectory } from "../events/store/sqlite/files/data-directory.ts";
import type { LogPurpose } from "../events/store/sqlite/files/log-file.ts";
import type { LogSignal } from "../events/store/sqlite/log-signal.ts";
import { SqliteLogFollower } from "../events/store/sqlite/reading/sqlite-log-follower.ts";
import { SqliteEventStore } from "../events/store/sqlite/sqlite-event-store.ts";
import type { EventStoreDbLog } from "./open-event-store-db.ts";
import type { LogReports } from "./storage.ts";

/** The warning after an upgrade: the log of an earlier version does not count as the gateway's own. */
export const UNPREFIXED_LOG =
  "this EventStoreDB has a log of an earlier version, whose streams have no prefix; move it here with that version's " +
  "export and this one's import";

/** How another thread reaches the log that the process has open. */
export type LogSource =
  | { readonly kind: "embedded"; readonly directory: string; readonly signal: LogSignal; readonly logId: string }
  | ({ readonly kind: "eventstoredb" } & EventStoreDbLog);

/** An open log. */
export interface OpenLog {
  readonly store: EventStore;
  readonly source: LogSource;
  /** Marks it as one that an import has not completed, or takes the mark away; durable when it resolves. */
  readonly markImport: (unfinished: boolean) => Promise<void>;
}

/** The part of a log that is needed to follow it. */
export type FollowedLog = Pick<EventStore, "subscribe" | "idAt" | "close">;

/**
 * Opens the log: EventStoreDB if EVENTSTORE_URL is set, otherwise the embedded one. The server's client is loaded only
 * when needed, because loading it takes a fraction of a second.
 *
 * @param folder the data folder, which this process holds; null if the log is not in it
 * @param use how the log will be used: the rights of a server's user are checked for it
 * @param purpose what it is opened for: only an import takes a log that an import has not completed
 * @throws ConfigurationError in one line that names the variable when the server cannot be used, DataDirectoryUnusable
 */
export async function openLog(
  config: Pick<Config, "eventStoreUrl" | "eventStoreStreamPrefix">,
  folder: DataDirectory | null,
  reports: LogReports,
  use: Use = "append",
  purpose: LogPurpose = "work",
): Promise<OpenLog> {
  const { eventStoreUrl: url, eventStoreStreamPrefix: prefix } = config;
  if (url !== null) {
    const source = { kind: "eventstoredb", url, prefix } as const;
    const { openEventStoreDb } = await import("./open-event-store-db.ts");
    const store = await openEventStoreDb(source, reports, use, purpose);
    return { store, source, markImport: (unfinished) => store.importMark.set(unfinished) };
  }
  if (folder === null) throw new TypeError("the embedded log needs a data folder");
  const { path: directory, lockId } = folder;
  const store = await SqliteEventStore.open({ directory, lockId, purpose, onFault: (error) => reports.fault(error) });
  const source = { kind: "embedded", directory, signal: store.signal, logId: store.logId } as const;
  return { store, source, markImport: (unfinished) => store.markImport(unfinished) };
}

/** Follows the log from another thread than the one that opened it. Throws what opening it throws. */
export async function followLog(source: LogSource): Promise<FollowedLog> {
  if (source.kind === "embedded") return new SqliteLogFollower(source);
  const { followEventStoreDb } = await import("./open-event-store-db.ts");
  return followEventStoreDb(source);
}
