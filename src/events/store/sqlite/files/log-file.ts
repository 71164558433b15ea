import { randomUUID } from "node:crypto";
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { syncFolder } from "../../../../runtime/sync-folder.ts";
import { DataDirectoryUnusable } from "./data-directory.ts";

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

/**
 * Makes sure that the log's file exists and has a valid size. A new log is created under another name and renamed when
 * complete. An empty or partial file is therefore never taken for a new log: it is the remains of a lost one.
 *
 * @throws DataDirectoryUnusable when the file cannot be a log
 */
export function ensureLogFile(directory: string): void {
  const path = logPath(directory);
  const walBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) {
    if (walBytes > 0) {
      throw new DataDirectoryUnusable(`${path}-wal is there but ${path} is not; restore both from the same backup`);
    }
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
  }
}

function createLog(directory: string): void {
  const path = logPath(directory);
  const draft = `${path}.new`;
  for (const leftover of [draft, `${draft}-wal`, `${draft}-shm`, `${draft}-journal`]) rmSync(leftover, { force: true });
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
  if (existsSync(`${draft}-wal`)) throw new DataDirectoryUnusable(`${draft} could not be completed; free some space`);
  renameSync(draft, path);
  syncFolder(directory);
}
