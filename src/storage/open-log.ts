import type { Config } from "../config.ts";
import { ConfigurationError } from "../config.ts";
import type { EventStore } from "../events/event-store.ts";
import { EventStoreDbEventStore } from "../events/eventstoredb/eventstoredb-event-store.ts";
import { EventStoreUnusable } from "../events/eventstoredb/eventstore-unusable.ts";
import type { LogSignal } from "../events/sqlite/log-signal.ts";
import { SqliteEventStore } from "../events/sqlite/sqlite-event-store.ts";
import { SqliteLogFollower } from "../events/sqlite/sqlite-log-follower.ts";
import type { LogReports } from "./storage.ts";

/** How a thread of its own reaches the log that the process has open. */
export type LogSource =
  | { readonly kind: "embedded"; readonly directory: string; readonly signal: LogSignal; readonly logId: string }
  | { readonly kind: "eventstoredb"; readonly url: string; readonly prefix: string };

/** An open log. */
export interface OpenLog {
  readonly store: EventStore;
  readonly source: LogSource;
}

/** What is needed to follow a log. */
export type FollowedLog = Pick<EventStore, "subscribe" | "idAt" | "close">;

/**
 * Opens the log: EventStoreDB where EVENTSTORE_URL names one, else the embedded one.
 *
 * @param directory the data folder, which this process holds; null when the log is not in it
 * @throws ConfigurationError in one line that names the variable when the server cannot be used, DataDirectoryUnusable
 */
export async function openLog(
  config: Pick<Config, "eventStoreUrl" | "eventStoreStreamPrefix">,
  directory: string | null,
  reports: LogReports,
): Promise<OpenLog> {
  const { eventStoreUrl: url, eventStoreStreamPrefix: prefix } = config;
  if (url !== null) {
    const source = { kind: "eventstoredb", url, prefix } as const;
    return { store: await openServer(source, reports), source };
  }
  if (directory === null) throw new TypeError("the embedded log is in a data folder");
  const store = await SqliteEventStore.open({ directory, onFault: (error) => reports.fault(error) });
  return { store, source: { kind: "embedded", directory, signal: store.signal, logId: store.logId } };
}

/** Follows the log from a thread other than the one that opened it. Throws what opening it throws. */
export function followLog(source: LogSource): Promise<FollowedLog> {
  switch (source.kind) {
    case "embedded":
      return Promise.resolve(new SqliteLogFollower(source));
    case "eventstoredb":
      return EventStoreDbEventStore.open({ url: source.url, prefix: source.prefix });
  }
}

async function openServer(server: { url: string; prefix: string }, reports: LogReports): Promise<EventStore> {
  try {
    return await EventStoreDbEventStore.open({
      url: server.url,
      prefix: server.prefix,
      onFault: (error) => reports.fault(error),
      onConnection: ({ connected, reason }) => reports.connection(connected, reason),
    });
  } catch (error) {
    if (error instanceof EventStoreUnusable) throw new ConfigurationError(`EVENTSTORE_URL: ${error.message}`);
    throw error;
  }
}
