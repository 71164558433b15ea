import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";

/** How a process that only reads opens a database of SQLite, so that nothing is left beside it that its owner cannot write. */
export interface GuestFile {
  /** What to open, read-only. */
  readonly location: string | URL;
  /** What to execute before the first read. */
  readonly prepare: string;
  /** False when somebody wrote to a file that is read without a lock; what was read since is then worth nothing. */
  readonly unchanged: () => boolean;
}

/**
 * How to read a database with a write-ahead log that may belong to another user or be on a read-only file system.
 *
 * SQLite makes the write-ahead log and the shared memory beside a database, for a reader too, where they are missing. Its
 * owner and root may do that: they get the owner and the mode of the database. Anyone else, and everyone on a read-only
 * file system, reads without locks. That is safe as long as nobody writes, which `unchanged` tells: a gateway that runs
 * has both files, and with them readers lock as ever.
 */
export function guestFile(path: string): GuestFile {
  const bothThere = hasFile(`${path}-wal`) && hasFile(`${path}-shm`);
  if (bothThere || mayMakeFilesBeside(path)) return { location: path, prepare: "", unchanged: () => true };
  const before = stateOf(path);
  const location = pathToFileURL(path);
  const unchanged = (): boolean => stateOf(path) === before;
  if (sizeOf(`${path}-wal`) === 0) {
    location.searchParams.set("immutable", "1");
    return { location, prepare: "", unchanged };
  }
  // An exclusive connection keeps the index of the write-ahead log in its own memory.
  location.searchParams.set("vfs", "unix-none");
  return { location, prepare: "PRAGMA locking_mode = EXCLUSIVE", unchanged };
}

function mayMakeFilesBeside(path: string): boolean {
  const user = process.geteuid?.() ?? 0;
  if (user !== 0 && statSync(path, { throwIfNoEntry: false })?.uid !== user) return false;
  try {
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function hasFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Different after each write to the database or to its write-ahead log. */
function stateOf(path: string): string {
  const files = [path, `${path}-wal`].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  return files.map((file) => (file === undefined ? "none" : `${file.ino} ${file.size} ${file.mtimeNs}`)).join();
}
