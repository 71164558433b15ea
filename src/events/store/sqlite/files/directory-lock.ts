import { lstatSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ensurePrivateFile, ownerOf } from "../../../../runtime/private-file.ts";
import { describeError, isDiskFull, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";
import { DataDirectoryUnusable } from "./data-directory-errors.ts";

/** The lock of a data directory, held by this process. */
export interface DirectoryLock {
  /** Which file is locked: another one in its place has another id for as long as this one is held. */
  readonly id: string;
  /** Gives it back, and says whether it was held. A second call does nothing. */
  release(): boolean;
}

/**
 * Locks `lock.sqlite` in the directory until `release` or the end of the process: an exclusive transaction on an empty
 * database, which the operating system ends with the process, so no stale lock is left.
 *
 * A file that others could hold as well is not trusted but replaced. So may be one that a running gateway has locked,
 * when somebody removes it; that is why the log itself remembers the id (`holdAlone`).
 *
 * @returns null when another process, or this one, has it
 * @throws DataDirectoryUnusable when it cannot be locked
 */
export function lockDirectory(path: string): DirectoryLock | null {
  const file = join(path, "lock.sqlite");
  let lock: DatabaseSync | undefined;
  try {
    removeForeign(path, file);
    ensurePrivateFile(file);
    const id = idOf(file);
    const held = (lock = new DatabaseSync(file, { timeout: 0 }));
    // In memory, since a journal of its own would need room on the disk.
    held.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    if (idOf(file) !== id) throw new Error("it was replaced meanwhile");
    return { id, release: () => release(held) };
  } catch (error) {
    lock?.close();
    if (sqliteCode(error) === SQLITE.BUSY) return null;
    throw new DataDirectoryUnusable(
      isDiskFull(error)
        ? `cannot lock DATA_DIR ${path}: the disk is full; free some space`
        : `cannot lock DATA_DIR ${path}: ${describeError(error)}; make its lock.sqlite a file that this user may write`,
      { cause: error },
    );
  }
}

function release(lock: DatabaseSync): boolean {
  if (!lock.isOpen) return false;
  lock.close();
  return true;
}

/** Who may only read a file can keep others from locking it. */
function removeForeign(path: string, file: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.isDirectory()) return;
  const trusted = [process.geteuid?.() ?? found.uid, ownerOf(path).uid];
  if (found.isFile() && (found.mode & 0o077) === 0 && trusted.includes(found.uid)) return;
  rmSync(file, { force: true });
}

function idOf(file: string): string {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
}
