/**
 * Builds the program into `dist/`, and does nothing when `dist/` is up to date. `npm start`, `npm test`, `npm run demo` and
 * `npm run bench` run it first. The exit code is 1 when the compiler found an error, which it printed.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt } from "./build/ensure-built.ts";

const ROOT = join(import.meta.dirname, "..");
/** The native compiler. It has no API, so typescript-eslint needs TypeScript 6 beside it, whose `tsc` is the one in `.bin`. */
const COMPILER = join(ROOT, "node_modules/typescript-native/bin/tsc");

const outcome = ensureBuilt(ROOT, (outDir) => {
  const args = [COMPILER, "-p", "tsconfig.build.json", "--outDir", outDir];
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" }).status === 0;
});
if (outcome === "failed") process.exitCode = 1;
