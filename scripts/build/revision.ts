import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The file in `dist/` that names the commit. */
export const REVISION_FILE = "revision.txt";

/**
 * The commit that the folder `root` is at, with `-dirty` when the program there differs from it; `given` (the variable
 * REVISION) comes first, for where there is no repository. `unknown` when nothing says it.
 */
export function revisionOf(root: string, given: string | undefined): string {
  if (given !== undefined && given !== "") return given;
  const git = (...args: string[]): string | null => {
    const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  };
  // A folder without a repository of its own may be inside somebody else's.
  if (git("rev-parse", "--show-prefix") !== "") return "unknown";
  const commit = git("rev-parse", "HEAD");
  if (commit === null) return "unknown";
  return git("status", "--porcelain", "--", "src", "package.json") === "" ? commit : `${commit}-dirty`;
}

/** Writes the revision into `dist/`, unless it is there. Not a part of the build: a commit that changes nothing compiles nothing. */
export function writeRevision(dist: string, revision: string): void {
  const path = join(dist, REVISION_FILE);
  try {
    if (readFileSync(path, "utf8") === `${revision}\n`) return;
  } catch {
    // There is none yet.
  }
  writeFileSync(path, `${revision}\n`);
}
