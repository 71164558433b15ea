import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the gateway keeps in its data folder; anything else there is not its own. */
const OWN_FILE = /^(events\.sqlite|read-models\.sqlite|(master|operator|auditor)\.key)/;
/** Reading and writing by the group and by everybody else. */
const OTHERS = 0o066;

/** What others may read or write of a data folder: each name with the mode that was found, as in `master.key 0644`. */
export interface LooseModes {
  /** The files that have mode 0600 now. */
  readonly mended: readonly string[];
  /** What stays as it was: the folder itself, as `. 0755`, and files whose mode cannot be changed. */
  readonly left: readonly string[];
}

/**
 * Gives mode 0600 to each file of the gateway that others may read or write. The folder stays as it is: whoever made it
 * may have more in it. A folder that is missing or cannot be read has nothing to mend; opening it says why.
 */
export function mendLooseModes(directory: string): LooseModes {
  const mended: string[] = [];
  const left: string[] = [];
  const folder = modeOf(directory);
  if (folder !== null && (folder & OTHERS) !== 0) left.push(described(".", folder));
  for (const name of namesIn(directory).filter((it) => OWN_FILE.test(it))) {
    const path = join(directory, name);
    const mode = modeOf(path);
    if (mode === null || (mode & OTHERS) === 0) continue;
    (madePrivate(path) ? mended : left).push(described(name, mode));
  }
  return { mended, left };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** The permission bits, or null when there is nothing, or nothing that may be looked at. */
function modeOf(path: string): number | null {
  try {
    return statSync(path).mode & 0o7777;
  } catch {
    return null;
  }
}

/** Some file systems take the change and keep the mode, so it is looked at again. */
function madePrivate(path: string): boolean {
  try {
    chmodSync(path, 0o600);
  } catch {
    return false;
  }
  return ((modeOf(path) ?? 0) & OTHERS) === 0;
}

function described(name: string, mode: number): string {
  return `${name} ${mode.toString(8).padStart(4, "0")}`;
}
