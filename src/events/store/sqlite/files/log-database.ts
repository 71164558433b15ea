import { DatabaseSync } from "node:sqlite";
import { describeError, isDiskFull, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";
import { DataDirectoryInUse, DataDirectoryUnusable } from "./data-directory-errors.ts";
import { ensureLogFile, logPath, SCHEMA_VERSION } from "./log-file.ts";
import type { LogPurpose } from "./log-file.ts";

/** How many of the last events are checked at the start: the pages that a crash or a truncated copy would damage. */
const CHECKED_EVENTS = 256;

/** How long a statement waits for another connection, in ms. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the log of a data directory for writing, and creates it if there is none. After a crash it recovers to the last
 * whole transaction.
 *
 * @param lockId that of the data directory's lock, which this process holds; null: nobody else can have the log open
 * @throws DataDirectoryInUse when a process that holds another lock has it open
 * @throws DataDirectoryUnusable when it is not a log, is damaged, is missing, or has a newer version
 */
export function openLog(directory: string, purpose: LogPurpose, lockId: string | null): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    ensureLogFile(directory, purpose);
    db = new DatabaseSync(logPath(directory), { timeout: BUSY_TIMEOUT_MS });
    checkSchema(directory, db);
    if (purpose !== "import" && hasUnfinishedImport(db)) throw importUnfinished(directory);
    configure(db);
    const alone = lockId !== null && holdAlone(directory, db, lockId);
    settleWriteAheadLog(directory, db);
    checkLastEvents(db);
    if (alone) shareAgain(db, lockId);
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof DataDirectoryInUse ? error : unusable(directory, error);
  }
}

/**
 * Whether this connection now has the log for itself, and nobody else has it open. It needs that only when the log
 * remembers another lock than this process holds: at the first start on it, or when the lock's file was removed, perhaps
 * while a gateway runs. With the same lock, whoever had the log open before has ended.
 *
 * A gateway has the log open, and so holds SQLite's shared lock on it, for as long as it runs. So do commands that read
 * it; they do not stand in the way of a start with the same lock.
 */
function holdAlone(directory: string, db: DatabaseSync, lockId: string): boolean {
  if (db.prepare("SELECT value FROM meta WHERE key = 'lock'").get()?.["value"] === lockId) return false;
  db.exec("PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE");
  try {
    db.exec("BEGIN IMMEDIATE; COMMIT");
  } catch (error) {
    if (sqliteCode(error) === SQLITE.BUSY) throw new DataDirectoryInUse(directory, null);
    throw error;
  }
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return true;
}

/** Remembers the lock, and lets others read the log; whatever holds another lock is kept out from here on. */
function shareAgain(db: DatabaseSync, lockId: string): void {
  db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('lock', ?)").run(lockId);
  db.exec("PRAGMA locking_mode = NORMAL");
  // SQLite gives the lock back when it next reads.
  db.prepare("SELECT count(*) FROM meta").get();
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

/** Whether an import has begun to write the log and has not completed it. */
export function hasUnfinishedImport(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM meta WHERE key = 'import'").get() !== undefined;
}

/** Notes that an import begins to write the log, or that it is complete. Durable when this returns. */
export function markImport(db: DatabaseSync, unfinished: boolean): void {
  if (unfinished) db.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('import', 'unfinished')");
  else db.exec("DELETE FROM meta WHERE key = 'import'");
}

/** The refusal of a log that an import has not completed. */
export function importUnfinished(directory: string): DataDirectoryUnusable {
  return new DataDirectoryUnusable(
    `${logPath(directory)} holds an import that is not complete; run the same \`webhook-gateway import\` again, ` +
      `or name another DATA_DIR`,
  );
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
