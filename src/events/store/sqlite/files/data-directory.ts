import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writePrivateFile } from "../../../../runtime/private-file.ts";
import { describeError, isDiskFull } from "../../../../runtime/sqlite-error.ts";
import { DataDirectoryInUse, DataDirectoryUnusable } from "./data-directory-errors.ts";
import { lockDirectory } from "./directory-lock.ts";
import { logPath, refuseWithoutRights } from "./log-file.ts";

export { DataDirectoryInUse, DataDirectoryUnusable };

/** A data directory held by this process. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** That of its lock, for the log to remember. */
  readonly lockId: string;
  /** Releases it to other processes. Close everything in it first. A second call does nothing. */
  release(): void;
}

/**
 * Creates the directory if it is missing (mode 0700: it holds payloads) and locks it for this process until `release`
 * or the end of the process.
 *
 * Pass `lockId` to the log when it is opened: only then does it stay closed to a process that holds another lock
 * because somebody removed this one. `lock.pid` beside the lock only serves the error message.
 *
 * @throws DataDirectoryInUse when another process, or this one, already holds it
 * @throws DataDirectoryUnusable when it cannot be created or written to
 */
export function openDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  makeWritable(path);
  // Before anything is made there: what this user makes, the user of the log could perhaps not write.
  if (existsSync(logPath(path))) refuseWithoutRights(logPath(path));
  const lock = lockDirectory(path);
  if (lock === null) throw new DataDirectoryInUse(path, holderOf(path));
  const pidFile = join(path, "lock.pid");
  try {
    writePrivateFile(pidFile, `${process.pid}\n`);
  } catch {
    // A full disk must not prevent a start that only reads. The error of a second process then names no pid.
  }
  return {
    path,
    lockId: lock.id,
    release: () => {
      if (lock.release()) rmSync(pidFile, { force: true });
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
