import { DatabaseSync } from "node:sqlite";
import { describeError, isDiskFull, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";
import { DataDirectoryUnusable } from "./data-directory.ts";
import { ensureLogFile, logPath, SCHEMA_VERSION } from "./log-file.ts";
import type { LogPurpose } from "./log-file.ts";

/** How many of the last events are checked at the start: the pages that a crash or a truncated copy would damage. */
const CHECKED_EVENTS = 256;

/**
 * Opens the log of a data directory for writing, and creates it if there is none. After a crash it recovers to the last
 * whole transaction.
 *
 * @throws DataDirectoryUnusable when it is not a log, is damaged, or has a newer version
 */
export function openLog(directory: string, purpose: LogPurpose): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    ensureLogFile(directory, purpose);
    db = new DatabaseSync(logPath(directory), { timeout: 5000 });
    checkSchema(directory, db);
    configure(db);
    settleWriteAheadLog(directory, db);
    checkLastEvents(db);
    return db;
  } catch (error) {
    db?.close();
    throw unusable(directory, error);
  }
}

function checkSchema(directory: string, db: DatabaseSync): void {
  const path = logPath(directory);
  const version = metaValue(db, "schema_version");
  if (version === `${SCHEMA_VERSION}`) return;
  throw new DataDirectoryUnusable(
    Number(version) > SCHEMA_VERSION
      ? `${path} has schema version ${version}, this program knows up to ${SCHEMA_VERSION}; start the newer program`
      : `${path} has no schema version that this program knows (${version}); restore it from a backup`,
  );
}

function configure(db: DatabaseSync): void {
  db.exec("PRAGMA journal_mode = WAL");
  // FULL syncs the write-ahead log in every commit. fullfsync does the same on macOS, where fsync alone does not.
  db.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
  // The writer checkpoints by itself after answering: an automatic checkpoint would run inside a commit and hide its
  // errors.
  db.exec("PRAGMA wal_autocheckpoint = 0");
  // The largest group and its index pages fit, so nothing spills to disk before the commit.
  db.exec("PRAGMA cache_size = -32768");
}

/**
 * Moves the write-ahead log into the database and syncs it. After a crash (or a failed fsync, which may have dropped
 * pages that are still readable) this makes everything that is readable durable before it is reported.
 */
function settleWriteAheadLog(directory: string, db: DatabaseSync): void {
  const result = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  if (result?.["busy"] !== 0) {
    throw new DataDirectoryUnusable(`${logPath(directory)} is held by another program; end that program first`);
  }
}

/** Reads the end of the log through each of its indexes, to find damage at the start rather than in use. */
function checkLastEvents(db: DatabaseSync): void {
  const rows = db
    .prepare(
      "SELECT position, category, stream, revision, length(data) + length(metadata) FROM events ORDER BY position DESC LIMIT ?",
    )
    .all(CHECKED_EVENTS);
  const byStream = db.prepare(
    "SELECT position FROM events INDEXED BY events_by_stream WHERE stream = ? AND revision = ?",
  );
  const byCategory = db.prepare(
    "SELECT position FROM events INDEXED BY events_by_category WHERE category = ? AND position = ?",
  );
  for (const { position = null, category = null, stream = null, revision = null } of rows) {
    const found = [byStream.get(stream, revision), byCategory.get(category, position)];
    if (found.some((row) => row?.["position"] !== position)) {
      throw new DataDirectoryUnusable("the indexes of the event log do not match its events; restore it from a backup");
    }
  }
}

/** A value in the meta table. Throws DataDirectoryUnusable when it is missing. */
export function metaValue(db: DatabaseSync, key: string): string {
  const value = db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"];
  if (typeof value !== "string")
    throw new DataDirectoryUnusable(`the event log has no ${key}; restore it from a backup`);
  return value;
}

/** The error to show when opening the log fails. */
export function unusable(directory: string, error: unknown): DataDirectoryUnusable {
  if (error instanceof DataDirectoryUnusable) return error;
  return new DataDirectoryUnusable(`${logPath(directory)} ${diagnosis(error)}`, { cause: error });
}

function diagnosis(error: unknown): string {
  const seen = describeError(error);
  if (isDiskFull(error)) return "cannot be opened: the disk is full; free some space";
  switch (sqliteCode(error)) {
    case SQLITE.NOTADB:
      return "is not a database; move it away or name another DATA_DIR";
    case SQLITE.ERROR:
      return `is not an event log of this program: ${seen}; move it away or name another DATA_DIR`;
    case SQLITE.CORRUPT:
      return `is damaged: ${seen}; restore it from a backup`;
    case SQLITE.BUSY:
      return `is held by another program; end that program first`;
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return `cannot be opened for writing: ${seen}; give this user the right to read and write the files there`;
    default:
      return `cannot be opened: ${seen}; check the disk and the system's log`;
  }
}
