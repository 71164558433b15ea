import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describeError, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";

/** Another process has this data directory open. Two writers would each be right and together wrong. */
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

/** A data directory that this process has for itself. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** Lets another process have it. Everything in it must be closed before. A second call does nothing. */
  release(): void;
}

/**
 * Makes the directory where it is missing (mode 0700: it holds payloads) and takes it for this process until `release`,
 * or until the process ends in whatever way.
 *
 * The lock is an exclusive transaction on an empty database, `lock.sqlite`: the operating system drops it with the
 * process, so that no stale lock is ever left. `lock.pid` beside it only serves the message.
 *
 * @throws DataDirectoryInUse when another process, or this one, has it already.
 * @throws DataDirectoryUnusable when it cannot be made or written to.
 */
export function openDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  makeWritable(path);
  const lock = takeLock(path);
  const pidFile = join(path, "lock.pid");
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch {
    // A full disk must not stop a start that only reads; the second process then names no number.
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
      `DATA_DIR ${path} cannot be made: ${describeError(error)}; name a folder that this user may make`,
      { cause: error },
    );
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DataDirectoryUnusable(
      `DATA_DIR ${path} is not writable: ${describeError(error)}; give this user the right to write there`,
      { cause: error },
    );
  }
}

/**
 * Makes the folder and those above it that are missing. Node's own `recursive` never returns where a folder exists and
 * nothing can be made in it, as below /proc and behind a dangling link (nodejs/node, MKDirpSync).
 */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // It may have been there, or somebody else made it meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

function takeLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(path, "lock.sqlite"), { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    if (sqliteCode(error) === SQLITE.BUSY) throw new DataDirectoryInUse(path, holderOf(path));
    throw new DataDirectoryUnusable(
      `DATA_DIR ${path} cannot be locked: ${describeError(error)}; see that lock.sqlite in it is a file this user may write`,
      { cause: error },
    );
  }
}

/**
 * When the directory was last taken, in ns of the file's clock; another number after each time, and null when nobody
 * has it (or who has it could not note it).
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
