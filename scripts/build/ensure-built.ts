import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOfFiles } from "./digest-of-files.ts";
import { REVISION_FILE } from "./revision.ts";
import { removeAbandoned, stagingName } from "./staging.ts";

/** What decides the output: the sources, the options, how the build works, and (npm's own list) which compiler and types are installed. */
const INPUTS = [
  "src",
  "tsconfig.json",
  "tsconfig.build.json",
  "package.json",
  "scripts/build",
  "scripts/build.ts",
  "node_modules/.package-lock.json",
];
/** The file in `dist/` that says what it was built from. */
const STAMP = ".built.json";
/** How often a finished build is put in place before another build that does the same at the same time is an error. */
const MAX_SWAPS = 5;

/** What `ensureBuilt` did. */
export type BuildOutcome = "up to date" | "built" | "failed";

/** The digests of what a build read and of what it wrote. */
interface Stamp {
  readonly inputs: string;
  readonly outputs: string;
}

/** Reads the stamp of a build; null when there is none, or one that another version wrote. */
function readStamp(dist: string): Partial<Stamp> | null {
  try {
    return JSON.parse(readFileSync(join(dist, STAMP), "utf8")) as Partial<Stamp> | null;
  } catch {
    return null;
  }
}

/** The digest of all that is in a folder of compiled files. */
const outputsOf = (dist: string): string => digestOfFiles(dist, ["."], [STAMP, REVISION_FILE]);

/** Replaces `dist` by the finished build. Another build may do the same now: then one of the two equal results stays. */
function putInPlace(staging: string, dist: string): void {
  for (let swap = 1; ; swap += 1) {
    rmSync(dist, { recursive: true, force: true });
    try {
      renameSync(staging, dist);
      return;
    } catch (error) {
      if (swap === MAX_SWAPS) throw error;
    }
  }
}

/**
 * Compiles the program of the folder `root` into its `dist/`, unless `dist/` is exactly what a build of these inputs wrote.
 * Contents decide, never times: a checkout of another revision sets times as it likes.
 *
 * The compiler writes into a new folder, which replaces `dist/` when it is complete. So files of removed sources do not stay,
 * and an interrupted or failed build leaves `dist/` as it was. `compile` gets that folder and says whether it succeeded.
 *
 * @throws when a file cannot be read or written.
 */
export function ensureBuilt(root: string, compile: (outDir: string) => boolean): BuildOutcome {
  const dist = join(root, "dist");
  // Taken before the compiler reads them: a source that changes meanwhile makes the next build compile again.
  const inputs = digestOfFiles(root, INPUTS);
  const stamp = readStamp(dist);
  if (stamp?.inputs === inputs && stamp.outputs === outputsOf(dist)) return "up to date";

  removeAbandoned(root);
  const staging = join(root, stagingName(process.pid));
  try {
    if (!compile(staging)) return "failed";
    const built: Stamp = { inputs, outputs: outputsOf(staging) };
    writeFileSync(join(staging, STAMP), JSON.stringify(built));
    putInPlace(staging, dist);
    return "built";
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
