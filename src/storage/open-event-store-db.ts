import { LOG_STREAM } from "../events/log.ts";
import type { EventStore } from "../events/store/event-store.ts";
import { EventStoreDbEventStore } from "../events/store/eventstoredb/eventstoredb-event-store.ts";
import type { LogPurpose } from "../events/store/sqlite/files/log-file.ts";
import type { Use } from "../events/store/eventstoredb/opening/check-rights.ts";
import { EventStoreUnusable } from "../events/store/eventstoredb/opening/eventstore-unusable.ts";
import { ConfigurationError } from "../runtime/configuration-error.ts";
import type { LogReports } from "./storage.ts";

/** The server of EVENTSTORE_URL, and the prefix of the gateway's streams on it. */
export interface EventStoreDbLog {
  readonly url: string;
  readonly prefix: string;
}

/**
 * Opens the log on EventStoreDB.
 *
 * @param use how the log will be used: the user's rights are checked for it
 * @param purpose only an import takes a log that an import has not completed
 * @throws ConfigurationError in one line that names the variable when the server cannot be used
 */
export async function openEventStoreDb(
  log: EventStoreDbLog,
  reports: LogReports,
  use: Use,
  purpose: LogPurpose,
): Promise<EventStoreDbEventStore> {
  const store = await opened(log, reports, use);
  try {
    if (purpose !== "import" && (await store.importMark.isSet())) {
      throw new ConfigurationError(
        "EVENTSTORE_URL: the log there holds an import that is not complete; run the same `webhook-gateway import` " +
          "again, or name another EVENTSTORE_STREAM_PREFIX",
      );
    }
    if (await isEmptyBesideAnEarlier(store)) reports.unprefixedLog();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function opened(log: EventStoreDbLog, reports: LogReports, use: Use): Promise<EventStoreDbEventStore> {
  try {
    return await EventStoreDbEventStore.open({
      url: log.url,
      prefix: log.prefix,
      use,
      onFault: (error) => reports.fault(error),
      onConnection: ({ connected, reason }) => reports.connection(connected, reason),
      onWaiting: (reason, seconds) => reports.waiting(reason, seconds),
    });
  } catch (error) {
    if (error instanceof EventStoreUnusable) throw new ConfigurationError(`EVENTSTORE_URL: ${error.message}`);
    throw error;
  }
}

/** Follows the log on EventStoreDB from another thread than the one that opened it. Throws what opening it throws. */
export function followEventStoreDb({ url, prefix }: EventStoreDbLog): Promise<EventStore> {
  return EventStoreDbEventStore.open({ url, prefix });
}

/** Whether the log has not begun, and the server has a log of a version whose streams had no prefix. */
async function isEmptyBesideAnEarlier(store: EventStoreDbEventStore): Promise<boolean> {
  const [begun] = await store.read(LOG_STREAM, { limit: 1 });
  return begun === undefined && (await store.hasWithoutPrefix(LOG_STREAM));
}
