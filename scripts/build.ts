/**
 * Builds the program into `dist/`, and does nothing when `dist/` is up to date. `npm start`, `npm test`, `npm run demo` and
 * `npm run bench` run it first. The exit code is 1 when the compiler found an error, which it printed.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt } from "./build/ensure-built.ts";
import { revisionOf, writeRevision } from "./build/revision.ts";

const ROOT = join(import.meta.dirname, "..");
/** The native compiler. It has no API, so typescript-eslint needs TypeScript 6 beside it, whose `tsc` is the one in `.bin`. */
const COMPILER = join(ROOT, "node_modules/typescript-native/bin/tsc");
/** Each checker checks again what the files of several use: the four of the default take half as much processor time again as two. */
const OPTIONS = ["-p", "tsconfig.build.json", "--checkers", "2"];
/** The compiler, a Go program, ends in seconds: collecting its garbage less often saves a fifth of them, for some 30 MB more. */
const ENV = { ...process.env, GOGC: "400" };

const outcome = ensureBuilt(ROOT, (outDir) => {
  const args = [COMPILER, ...OPTIONS, "--outDir", outDir];
  return spawnSync(process.execPath, args, { cwd: ROOT, env: ENV, stdio: "inherit" }).status === 0;
});
if (outcome === "failed") process.exitCode = 1;
else writeRevision(join(ROOT, "dist"), revisionOf(ROOT, process.env["REVISION"]));
