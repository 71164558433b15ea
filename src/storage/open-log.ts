import type { Config } from "../config.ts";
import type { EventStore } from "../events/store/event-store.ts";
import type { Use } from "../events/store/eventstoredb/opening/check-rights.ts";
import type { LogSignal } from "../events/store/sqlite/log-signal.ts";
import { SqliteLogFollower } from "../events/store/sqlite/reading/sqlite-log-follower.ts";
import { SqliteEventStore } from "../events/store/sqlite/sqlite-event-store.ts";
import type { EventStoreDbLog } from "./open-event-store-db.ts";
import type { LogReports } from "./storage.ts";

/** The warning after an upgrade: the log of an earlier version is not taken for the gateway's own. */
export const UNPREFIXED_LOG =
  "this EventStoreDB has another of an earlier version, whose streams have no prefix; move it here with that version's " +
  "export and this one's import";

/** How a thread of its own reaches the log that the process has open. */
export type LogSource =
  | { readonly kind: "embedded"; readonly directory: string; readonly signal: LogSignal; readonly logId: string }
  | ({ readonly kind: "eventstoredb" } & EventStoreDbLog);

/** An open log. */
export interface OpenLog {
  readonly store: EventStore;
  readonly source: LogSource;
}

/** What is needed to follow a log. */
export type FollowedLog = Pick<EventStore, "subscribe" | "idAt" | "close">;

/**
 * Opens the log: EventStoreDB where EVENTSTORE_URL names one, else the embedded one. The server's client is loaded only when
 * it is used, since loading it takes a part of a second.
 *
 * @param directory the data folder, which this process holds; null when the log is not in it
 * @param use what is going to be done with it: a server is asked whether its user may
 * @throws ConfigurationError in one line that names the variable when the server cannot be used, DataDirectoryUnusable
 */
export async function openLog(
  config: Pick<Config, "eventStoreUrl" | "eventStoreStreamPrefix">,
  directory: string | null,
  reports: LogReports,
  use: Use = "append",
): Promise<OpenLog> {
  const { eventStoreUrl: url, eventStoreStreamPrefix: prefix } = config;
  if (url !== null) {
    const source = { kind: "eventstoredb", url, prefix } as const;
    const { openEventStoreDb } = await import("./open-event-store-db.ts");
    return { store: await openEventStoreDb(source, reports, use), source };
  }
  if (directory === null) throw new TypeError("the embedded log is in a data folder");
  const store = await SqliteEventStore.open({ directory, onFault: (error) => reports.fault(error) });
  return { store, source: { kind: "embedded", directory, signal: store.signal, logId: store.logId } };
}

/** Follows the log from a thread other than the one that opened it. Throws what opening it throws. */
export async function followLog(source: LogSource): Promise<FollowedLog> {
  if (source.kind === "embedded") return new SqliteLogFollower(source);
  const { followEventStoreDb } = await import("./open-event-store-db.ts");
  return followEventStoreDb(source);
}
