import { randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describeError } from "../../../../runtime/sqlite-error.ts";
import { ensurePrivateFile } from "../../../../runtime/private-file.ts";
import { syncFolder } from "../../../../runtime/sync-folder.ts";
import { DataDirectoryUnusable } from "./data-directory-errors.ts";

/** The version of the tables below. Changing them needs a new version and a migration from each older one. */
export const SCHEMA_VERSION = 1;

/** One page is one sector of today's disks. Fixed, because the file's size is checked against it. */
const PAGE_BYTES = 4096;

/**
 * The index on category makes reading rare categories (users, endpoints) independent of the number of deliveries;
 * SQLite adds the position to it by itself. Its cost to an append was not measurable. The random log id distinguishes
 * logs, for readers that keep positions.
 */
const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
  CREATE INDEX events_by_category ON events (category);
`;

/** Where the log is in a data directory. */
export function logPath(directory: string): string {
  return join(directory, "events.sqlite");
}

/** What a log is opened for: for a gateway's work, or to be made from an export. */
export type LogPurpose = "work" | "import";

/**
 * Makes sure that the log's file exists and has a valid size. A new log is begun only where nothing belongs to another,
 * so that a log that is missing is never taken for one that was not begun. A new log is created under another name and renamed when
 * complete. An empty or partial file is therefore never taken for a new log: it is the remains of a lost one.
 *
 * @throws DataDirectoryUnusable when the file cannot be a log, or is missing
 */
export function ensureLogFile(directory: string, purpose: LogPurpose): void {
  const path = logPath(directory);
  const walBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) {
    if (walBytes > 0) {
      throw new DataDirectoryUnusable(`${path}-wal is there but ${path} is not; restore both from the same backup`);
    }
    refuseMissingLog(directory, purpose);
    createLog(directory);
  } else if (!file.isFile()) {
    throw new DataDirectoryUnusable(`${path} is not a file; move it away or name another DATA_DIR`);
  } else if (file.size === 0) {
    throw new DataDirectoryUnusable(`${path} is empty: it was truncated; restore it from a backup`);
  } else if (walBytes === 0 && file.size % PAGE_BYTES !== 0) {
    // With a write-ahead log beside it, a crash may have left a partial page, which that log repairs.
    throw new DataDirectoryUnusable(
      `${path} is truncated or is not a database: ${file.size} bytes are not whole pages; restore it from a backup`,
    );
  } else {
    refuseWithoutRights(path);
  }
}

/**
 * Checks that this user may write the log: SQLite would say only that it cannot open the file, or open it to be read.
 *
 * @throws DataDirectoryUnusable
 */
export function refuseWithoutRights(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new DataDirectoryUnusable(
      `${path} cannot be read and written: ${describeError(error)}; run this as the user that the file belongs to`,
      { cause: error },
    );
  }
}

/** An import brings a log for a key that is there already; read models were built from a log that existed. */
function refuseMissingLog(directory: string, purpose: LogPurpose): void {
  const ofAnother = purpose === "import" ? ["read-models.sqlite"] : ["master.key", "read-models.sqlite"];
  const found = ofAnother.filter((name) => existsSync(join(directory, name))).join(" and ");
  if (found === "") return;
  throw new DataDirectoryUnusable(
    `DATA_DIR ${directory} has ${found} but no events.sqlite: the event log is missing; put it back, or move ${found} ` +
      `out of this folder to begin a new log on purpose`,
  );
}

function createLog(directory: string): void {
  const path = logPath(directory);
  const draft = `${path}.new`;
  for (const leftover of [draft, `${draft}-wal`, `${draft}-shm`, `${draft}-journal`]) rmSync(leftover, { force: true });
  // SQLite gives the log's mode and owner to the files that it makes beside it.
  ensurePrivateFile(draft);
  const db = new DatabaseSync(draft);
  try {
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
    db.exec(`BEGIN; ${SCHEMA}`);
    const insert = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
    insert.run("schema_version", `${SCHEMA_VERSION}`);
    insert.run("log_id", randomUUID());
    db.exec("COMMIT");
  } finally {
    // Closing moves the write-ahead log into the file and removes it, so one rename is enough.
    db.close();
  }
  if (existsSync(`${draft}-wal`))
    throw new DataDirectoryUnusable(`${path} cannot be made: the disk is full; free some space`);
  renameSync(draft, path);
  syncFolder(directory);
}
