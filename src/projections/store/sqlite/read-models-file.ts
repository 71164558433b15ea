import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ReadModelsUnavailable } from "../document-store.ts";
import { Connection } from "./connection.ts";
import { isDamage, isStatementError } from "./sqlite-failures.ts";

const FILE_NAME = "read-models.sqlite";

/** The version of this file's layout, kept in its user_version. A file of any other is made again, except of the next. */
const SCHEMA_VERSION = 3;
/** The version before, whose checkpoints had no `searched_to`: a writer adds that, and readers do without until then. */
const VERSION_WITHOUT_SEARCHED_TO = 2;

export interface ReadModelsFileOptions {
  /** Names the log that the models are made from. Models of another log are not used. Default: any log. */
  readonly logId?: string;
  /** Called with the reason when a file had to be removed and made again: everything in it has to be rebuilt. */
  readonly onReset?: (reason: string) => void;
}

/** The place of the read models' file in the data directory. */
export function readModelsPath(directory: string): string {
  return join(directory, FILE_NAME);
}

/**
 * Notes that the file was found damaged while in use, so that the next start makes it again. To look for damage at every
 * start would mean to read the whole file, and to go on with it would fail at the same place again and again.
 */
export function markDamaged(directory: string): void {
  try {
    writeFileSync(markPath(directory), "");
  } catch {
    // The directory takes no file now. The failure that led here is reported; the next one marks the file again.
  }
}

/** Opens the file for writing, and makes it where there is none that can be used. */
export function openForWriting(directory: string, options: ReadModelsFileOptions): Connection {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = readModelsPath(directory);
  const found = openOrRefuse(directory, options);
  if (found instanceof Connection) return found;

  // The database goes first, so that no reader opens what is left of it; SQLite itself discards the WAL of an empty
  // file. The mark goes last: if the process dies before, the next start begins this again.
  for (const left of [path, `${path}-wal`, `${path}-shm`, markPath(directory)]) rmSync(left, { force: true });
  const made = openOrRefuse(directory, options);
  if (!(made instanceof Connection)) throw new ReadModelsUnavailable(`the read models cannot be made anew: ${made}`);
  options.onReset?.(found);
  return made;
}

/** The open file, or the reason why it has to be made again. */
function openOrRefuse(directory: string, options: ReadModelsFileOptions): Connection | string {
  if (existsSync(markPath(directory))) return "the file was found damaged";
  let connection: Connection | null = null;
  try {
    connection = connect(readModelsPath(directory));
    initialise(connection, options);
    const reason = unusable(connection, options);
    if (reason === null) return connection;
    connection.close();
    return reason;
  } catch (error) {
    connection?.close();
    if (isDamage(error)) return "the file is damaged";
    if (isStatementError(error)) return "the file has unknown tables";
    throw error;
  }
}

/** Opens the file for reading. Gives null when there is none yet, or none that can be used. */
export function openForReading(directory: string, options: ReadModelsFileOptions): Connection | null {
  const path = readModelsPath(directory);
  if (fileIdentity(directory) === null) return null;
  // A reader in WAL mode waits for a lock only while another connection recovers the file: not for long, since it may
  // hold up the thread that serves requests.
  const database = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  const connection = new Connection(database);
  try {
    database.exec("PRAGMA cache_size = -32768");
    if (unusable(connection, options) === null) return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  return null;
}

/** Tells one file from another that took its place, or null when there is no file. */
export function fileIdentity(directory: string): string | null {
  const file = statSync(readModelsPath(directory), { bigint: true, throwIfNoEntry: false });
  return file === undefined ? null : `${file.dev}:${file.ino}`;
}

function markPath(directory: string): string {
  return `${readModelsPath(directory)}.damaged`;
}

function connect(path: string): Connection {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    // NORMAL syncs at checkpoints of the WAL and not at commits. A power cut may take the last commits and never leaves
    // a broken file; what it took is folded again from the log, where every document's own position says what is missing.
    // The WAL may grow to 16,000 pages (64 MiB) before a checkpoint. With SQLite's 1,000 the same pages are written to the
    // file again and again: a batch took twice as long, and the event log's syncs on the same disk were three times as slow.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 16000;
      PRAGMA journal_size_limit = 268435456;
      PRAGMA cache_size = -65536;
    `);
    return new Connection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Fills an empty file, and brings one of the version before up to date; any other is left as it is. */
function initialise(connection: Connection, options: ReadModelsFileOptions): void {
  connection.transaction(() => {
    if (connection.statement("SELECT 1 FROM sqlite_schema").get() !== undefined) {
      if (versionOf(connection) !== VERSION_WITHOUT_SEARCHED_TO) return;
      connection.database.exec(`
        ALTER TABLE checkpoints ADD COLUMN searched_to TEXT;
        PRAGMA user_version = ${SCHEMA_VERSION};
      `);
      return;
    }
    connection.database.exec(`
      CREATE TABLE origin (log_id TEXT);
      CREATE TABLE checkpoints (
        name TEXT PRIMARY KEY NOT NULL, position TEXT NOT NULL, event_id TEXT NOT NULL, searched_to TEXT
      ) WITHOUT ROWID;
      PRAGMA user_version = ${SCHEMA_VERSION};
    `);
    connection.statement("INSERT INTO origin VALUES (?)").run(options.logId ?? null);
  });
}

/** Why the file cannot be used, or null when it can. */
function unusable(connection: Connection, options: ReadModelsFileOptions): string | null {
  const version = versionOf(connection);
  if (version !== SCHEMA_VERSION && version !== VERSION_WITHOUT_SEARCHED_TO) {
    return `the file has the unknown schema version ${String(version)}`;
  }
  const logId = connection.statement("SELECT log_id FROM origin").get()?.["log_id"];
  if (options.logId !== undefined && logId !== options.logId) return "the file was made from another log";
  return null;
}

function versionOf(connection: Connection): unknown {
  return connection.statement("PRAGMA user_version").get()?.["user_version"];
}
