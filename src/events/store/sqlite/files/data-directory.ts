import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ensurePrivateFile, writePrivateFile } from "../../../../runtime/private-file.ts";
import { describeError, isDiskFull, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";

/** Another process has this data directory open. Two writers would corrupt the log. */
export class DataDirectoryInUse extends Error {
  readonly code = "data_directory_in_use";

  constructor(directory: string, processId: number | null) {
    super(
      `DATA_DIR ${directory} is in use by another gateway (${processId === null ? "unknown process" : `process ${processId}`})`,
    );
    this.name = "DataDirectoryInUse";
  }
}

/** The data directory cannot be used. The message is one line: what is wrong, and what to do. */
export class DataDirectoryUnusable extends Error {
  readonly code = "data_directory_unusable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DataDirectoryUnusable";
  }
}

/** A data directory held by this process. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** Releases it to other processes. Close everything in it first. A second call does nothing. */
  release(): void;
}

/**
 * Creates the directory if it is missing (mode 0700: it holds payloads) and locks it for this process until `release`
 * or the end of the process.
 *
 * The lock is an exclusive transaction on an empty database, `lock.sqlite`: the operating system drops it with the
 * process, so no stale lock is left. `lock.pid` beside it only serves the error message.
 *
 * @throws DataDirectoryInUse when another process, or this one, already holds it
 * @throws DataDirectoryUnusable when it cannot be created or written to
 */
export function openDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  makeWritable(path);
  const lock = takeLock(path);
  const pidFile = join(path, "lock.pid");
  try {
    writePrivateFile(pidFile, `${process.pid}\n`);
  } catch {
    // A full disk must not prevent a start that only reads. The error of a second process then names no pid.
  }
  return {
    path,
    release: () => {
      if (!lock.isOpen) return;
      rmSync(pidFile, { force: true });
      lock.close();
    },
  };
}

function makeWritable(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw new DataDirectoryUnusable(
      `cannot create DATA_DIR ${path}: ${describeError(error)}; ` +
        (isDiskFull(error) ? "free some space" : "name a folder that this user may create"),
      { cause: error },
    );
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DataDirectoryUnusable(
      `DATA_DIR ${path} is not writable: ${describeError(error)}; give this user write permission`,
      { cause: error },
    );
  }
}

/**
 * Creates the folder and its missing parents. Node's own `recursive` never returns if a folder exists but nothing can
 * be created in it, as below /proc or behind a dangling link (nodejs/node, MKDirpSync).
 */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // It existed before, or another process has just created it.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

function takeLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    const file = join(path, "lock.sqlite");
    ensurePrivateFile(file);
    lock = new DatabaseSync(file, { timeout: 0 });
    // In memory, since a journal of its own would need room on the disk.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    if (sqliteCode(error) === SQLITE.BUSY) throw new DataDirectoryInUse(path, holderOf(path));
    throw new DataDirectoryUnusable(
      isDiskFull(error)
        ? `cannot lock DATA_DIR ${path}: the disk is full; free some space`
        : `cannot lock DATA_DIR ${path}: ${describeError(error)}; make its lock.sqlite a file that this user may write`,
      { cause: error },
    );
  }
}

/**
 * When the directory was last locked, in ns of the file's clock: different each time, and null when no process holds it
 * (or the holder could not record it).
 */
export function lastTaken(directory: string): bigint | null {
  return statSync(join(directory, "lock.pid"), { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? null;
}

function holderOf(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(path, "lock.pid"), "utf8"), 10);
    return Number.isSafeInteger(pid) ? pid : null;
  } catch {
    return null;
  }
}
