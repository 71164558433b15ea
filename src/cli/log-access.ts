import { accessSync, constants, existsSync } from "node:fs";
import type { Config } from "../config.ts";
import type { EventStore } from "../events/store/event-store.ts";
import { backUpLog } from "../events/store/sqlite/files/backup-log.ts";
import type { BackupOptions, LogBackup } from "../events/store/sqlite/files/backup-log.ts";
import { openDataDirectory } from "../events/store/sqlite/files/data-directory.ts";
import type { DataDirectory } from "../events/store/sqlite/files/data-directory.ts";
import { importUnfinished } from "../events/store/sqlite/files/log-database.ts";
import { logPath } from "../events/store/sqlite/files/log-file.ts";
import { newLogSignal } from "../events/store/sqlite/log-signal.ts";
import { SqliteLogFollower } from "../events/store/sqlite/reading/sqlite-log-follower.ts";
import { GROUP_LIMITS } from "../events/store/sqlite/writing/append-queue.ts";
import type { AppendsInFlight } from "../processes/transfer/ordered-appends.ts";
import { ConfigurationError } from "../runtime/configuration-error.ts";
import { ownerOf } from "../runtime/private-file.ts";
import { openLog as openAnyLog } from "../storage/open-log.ts";
import { logReportsTo } from "./log-reports.ts";

/** A log that a command has for itself; or, on a server, that it shares. */
export interface OpenedLog extends AsyncDisposable {
  readonly store: EventStore;
  /** How much may be appended without waiting for it. */
  readonly inFlight: AppendsInFlight;
  /** Marks the log as one that an import has not completed, or takes the mark away. */
  readonly mark: (unfinished: boolean) => Promise<void>;
}

/** A log that a command only reads. */
export interface ReadLog extends AsyncDisposable {
  readonly store: Pick<EventStore, "read" | "readAll" | "head" | "idAt">;
}

/** What one commit of the embedded log takes is written or not as a whole, so that after a full disk there is no gap. */
const ONE_COMMIT: AppendsInFlight = { ...GROUP_LIMITS, batches: 1 };
/** A server answers each append by itself; 256 of them hide the time that each answer takes. */
const PIPELINED: AppendsInFlight = { appends: 32, bytes: 1024 * 1024, batches: 8 };

type Where = Pick<Config, "dataDir" | "eventStoreUrl" | "eventStoreStreamPrefix">;

/**
 * Opens the log that the configuration names for an import, and makes it where there is none. The data folder is held until it is
 * disposed of.
 *
 * @param warn is called with one line for each trouble that no call of the log reports
 * @throws ConfigurationError, DataDirectoryInUse or DataDirectoryUnusable, with one line for the operator
 */
export async function openLogForImport(config: Where, warn: (line: string) => void): Promise<OpenedLog> {
  if (config.eventStoreUrl === null) refuseOtherUser(config.dataDir);
  const folder = config.eventStoreUrl === null ? openDataDirectory(config.dataDir) : null;
  try {
    const { store, markImport: mark } = await openAnyLog(config, folder, logReportsTo(warn), "append", "import");
    return {
      store,
      mark,
      inFlight: folder === null ? PIPELINED : ONE_COMMIT,
      [Symbol.asyncDispose]: () => close(store, folder),
    };
  } catch (error) {
    folder?.release();
    throw error;
  }
}

/**
 * Opens the log that the configuration names to be read, beside a gateway that may run on it.
 *
 * @param warn as for `openLogForImport`
 * @param need whether a log will do that an import has not completed
 * @throws ConfigurationError when there is none, DataDirectoryUnusable, with one line for the operator
 */
export async function openLogForReading(
  config: Where,
  warn: (line: string) => void,
  need: "whole" | "any" = "any",
): Promise<ReadLog> {
  const { dataDir: directory } = config;
  if (config.eventStoreUrl !== null) {
    // An import is what takes a log that is not whole.
    const purpose = need === "whole" ? "work" : "import";
    const { store } = await openAnyLog(config, null, logReportsTo(warn), "read", purpose);
    return { store, [Symbol.asyncDispose]: () => close(store, null) };
  }
  refuseWithoutLog(directory);
  // Nobody announces commits to this process; it follows nothing and reads what is there.
  const store = new SqliteLogFollower({ directory, signal: newLogSignal(), as: "guest" });
  if (need === "whole" && store.importUnfinished) {
    await store.close();
    throw importUnfinished(directory);
  }
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

/**
 * Copies the embedded log into a new file, beside a gateway that may run on it.
 *
 * @throws ConfigurationError when there is no such log, and what `backUpLog` throws
 */
export function backUpEmbeddedLog(config: Where, file: string, options: BackupOptions): Promise<LogBackup> {
  if (config.eventStoreUrl !== null) {
    throw new ConfigurationError(
      "EVENTSTORE_URL: back up that server with its own tools, or take a copy with `webhook-gateway export`",
    );
  }
  refuseWithoutLog(config.dataDir);
  return backUpLog(config.dataDir, file, options);
}

/** Throws ConfigurationError when the data folder has no log, or one that this user may not read. */
export function refuseWithoutLog(directory: string): void {
  try {
    accessSync(logPath(directory), constants.R_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(
      code === "ENOENT" || code === "ENOTDIR"
        ? `DATA_DIR: there is no event log in ${directory}`
        : `DATA_DIR: the event log in ${directory} cannot be read: ${message}; run this as the user of the gateway`,
    );
  }
}

/**
 * Refuses a user whose files the gateway could not write: anyone but root, who gives them away, and the owner of the log
 * or of the folder. What belongs to root is taken for a mount point, which tells nothing of the gateway's user.
 *
 * @throws ConfigurationError
 */
export function refuseOtherUser(directory: string): void {
  const user = process.geteuid?.() ?? 0;
  if (user === 0 || !existsSync(directory)) return;
  const { uid } = ownerOf(directory);
  if (uid === user || uid === 0) return;
  throw new ConfigurationError(
    `DATA_DIR: ${directory} belongs to the user ${uid} and this is ${user}; run this as the user of the gateway`,
  );
}

async function close(store: EventStore, folder: DataDirectory | null): Promise<void> {
  await store.close();
  folder?.release();
}
