import { closeSync, fchmodSync, fchownSync, fstatSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** Nobody but its owner reads or writes it. */
const PRIVATE = 0o600;
/** The file of a data folder whose owner is the user of the gateway, whoever owns the folder. */
const LOG = "events.sqlite";

/**
 * Opens a new file of the data folder for writing, with mode 0600 whatever the folder's mode and the umask. A process of
 * root gives it to the user that the log belongs to (without one, the folder), so that a command that root ran once
 * leaves nothing that the gateway cannot write.
 *
 * @returns the file's handle, for the caller to close
 * @throws what opening throws; EEXIST when the file is there
 */
export function openPrivateFile(path: string): number {
  const handle = openSync(path, "wx", PRIVATE);
  try {
    makePrivate(handle);
    if (process.geteuid?.() === 0) giveTo(ownerOf(dirname(path)), handle);
    return handle;
  } catch (error) {
    closeSync(handle);
    rmSync(path, { force: true });
    throw error;
  }
}

/** Some umasks take a right of the owner away, and some folders give rights to others. */
function makePrivate(handle: number): void {
  if ((fstatSync(handle).mode & 0o777) === PRIVATE) return;
  try {
    fchmodSync(handle, PRIVATE);
  } catch {
    // A file system without modes has its own idea of them, and the start warns of what it sees.
  }
}

function giveTo(owner: { readonly uid: number; readonly gid: number }, handle: number): void {
  const { uid, gid } = fstatSync(handle);
  if (owner.uid === uid && owner.gid === gid) return;
  try {
    fchownSync(handle, owner.uid, owner.gid);
  } catch (error) {
    // In a container, an owner that has no number there cannot be named; root is then the only user.
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
  }
}

/** Makes such a file, empty, where there is none. Throws what opening it throws. */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openPrivateFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Writes such a file, in place of one that is there. Throws what removing, opening and writing throw. */
export function writePrivateFile(path: string, content: string): void {
  rmSync(path, { force: true });
  const handle = openPrivateFile(path);
  try {
    writeSync(handle, content);
  } finally {
    closeSync(handle);
  }
}

/** The user and the group that the log of a folder belongs to, or the folder where there is no log. */
export function ownerOf(directory: string): { readonly uid: number; readonly gid: number } {
  return statSync(join(directory, LOG), { throwIfNoEntry: false }) ?? statSync(directory);
}
