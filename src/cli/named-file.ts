import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { describeError, isDiskFull } from "../runtime/sqlite-error.ts";

/**
 * Refuses a file that cannot be read, before anything begins.
 *
 * @param file as it was typed
 * @throws Error of one line
 */
export function refuseUnreadable(file: string): void {
  let isFolder: boolean;
  try {
    accessSync(file, constants.R_OK);
    isFolder = statSync(file).isDirectory();
  } catch (error) {
    throw new Error(`cannot read ${file}: ${describeError(error)}`, { cause: error });
  }
  if (isFolder) throw new Error(`${file} is a folder; name a file`);
}

/** Refuses a file whose folder is not there. Throws Error of one line. */
export function refuseWithoutFolder(file: string): void {
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new Error(`${folder} is not a folder; make it first`);
}

/** For a `catch` of what writes a file: rethrows an error of the system as one line about its folder, and any other as it is. */
export function orUnwritable(file: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    if (isDiskFull(error)) throw new Error(`there is no room left in ${dirname(file)}`, { cause: error });
    throw new Error(`cannot write to ${dirname(file)}: ${describeError(error)}`, { cause: error });
  };
}
