import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { guestFile } from "../../../runtime/guest-file.ts";
import { ensurePrivateFile } from "../../../runtime/private-file.ts";
import { ReadModelsUnavailable } from "../document-store.ts";
import { Connection } from "./connection.ts";
import { isDamage, isStatementError } from "./sqlite-failures.ts";

const FILE_NAME = "read-models.sqlite";

/**
 * The version of the file's layout, kept in its user_version. A file of another version is replaced, except the
 * previous one.
 */
const SCHEMA_VERSION = 3;
/** The previous version, without `searched_to` in its checkpoints: a writer adds it; until then readers do without. */
const VERSION_WITHOUT_SEARCHED_TO = 2;

export interface ReadModelsFileOptions {
  /** Names the log that the models were built from. Models of another log are not used. Default: any log. */
  readonly logId?: string;
  /** Called with the reason when a file had to be replaced: everything in it has to be rebuilt. */
  readonly onReset?: (reason: string) => void;
  /** For a reader beside the process that writes, or beside none: it leaves nothing beside the file. Default: false. */
  readonly guest?: boolean;
}

/** The path of the read models' file in the data directory. */
export function readModelsPath(directory: string): string {
  return join(directory, FILE_NAME);
}

/**
 * Marks the file as damaged, so that the next start replaces it. Checking for damage at every start would mean reading
 * the whole file, and without a mark the next start would fail at the same place.
 */
export function markDamaged(directory: string): void {
  try {
    ensurePrivateFile(markPath(directory));
  } catch {
    // The directory accepts no file now. The failure that led here is reported; the next one tries to mark the file
    // again.
  }
}

/** Opens the file for writing, and creates or replaces it if it is missing or unusable. */
export function openForWriting(directory: string, options: ReadModelsFileOptions): Connection {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = readModelsPath(directory);
  const found = openOrRefuse(directory, options);
  if (found instanceof Connection) return found;

  // The database goes first, so that no reader opens its remains; SQLite itself discards the WAL of an empty file. The
  // mark goes last: if the process ends before, the next start does this again.
  for (const left of [path, `${path}-wal`, `${path}-shm`, markPath(directory)]) rmSync(left, { force: true });
  const made = openOrRefuse(directory, options);
  if (!(made instanceof Connection)) throw new ReadModelsUnavailable(`the read models cannot be replaced: ${made}`);
  options.onReset?.(found);
  return made;
}

/** The open file, or the reason why it has to be replaced. */
function openOrRefuse(directory: string, options: ReadModelsFileOptions): Connection | string {
  if (existsSync(markPath(directory))) return "the file was found damaged";
  let connection: Connection | null = null;
  try {
    ensurePrivateFile(readModelsPath(directory));
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

/** Opens the file for reading. Returns null if it is missing or unusable. */
export function openForReading(directory: string, options: ReadModelsFileOptions): Connection | null {
  const path = readModelsPath(directory);
  if (fileIdentity(directory) === null) return null;
  // A reader in WAL mode waits for a lock only while another connection recovers the file. The wait is short, because
  // it may block the thread that serves requests.
  const guest = options.guest === true ? guestFile(path) : null;
  const database = new DatabaseSync(guest?.location ?? path, { readOnly: true, timeout: 1_000 });
  const connection = new Connection(database, guest?.unchanged);
  try {
    database.exec(`${guest?.prepare ?? ""}; PRAGMA cache_size = -32768`);
    if (unusable(connection, options) === null) return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  return null;
}

/** Distinguishes a file from one that replaced it; null if there is no file. */
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
    // NORMAL syncs at checkpoints of the WAL, not at commits. A power cut may lose the last commits but never breaks
    // the file; what is lost is folded again from the log, because each document's position shows what is missing. The
    // WAL may grow to 16,000 pages (64 MiB) before a checkpoint. With SQLite's 1,000 the same pages are written to the
    // file again and again: a batch took twice as long, and the event log's syncs on the same disk three times as long.
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

/** Sets up an empty file, and migrates the previous version; any other file is left alone. */
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

/** Why the file cannot be used, or null if it can. */
function unusable(connection: Connection, options: ReadModelsFileOptions): string | null {
  const version = versionOf(connection);
  if (version !== SCHEMA_VERSION && version !== VERSION_WITHOUT_SEARCHED_TO) {
    return `the file has the unknown schema version ${String(version)}`;
  }
  const logId = connection.statement("SELECT log_id FROM origin").get()?.["log_id"];
  if (options.logId !== undefined && logId !== options.logId) return "the file was built from another log";
  return null;
}

function versionOf(connection: Connection): unknown {
  return connection.statement("PRAGMA user_version").get()?.["user_version"];
}
