import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nodeVersionProblem } from "../../src/cli/node-version.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

interface OlderNode {
  readonly path: string;
  readonly version: string;
}

/** The first Node on the path that is too old for the program; null when there is none. */
function findOlderNode(): OlderNode | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "node");
    const { status, stdout } = spawnSync(path, ["--print", "process.versions.node"], { encoding: "utf8" });
    const version = status === 0 ? stdout.trim() : null;
    if (version !== null && nodeVersionProblem(version) !== null) return { path, version };
  }
  return null;
}

describe("the built program on an older Node", () => {
  it("says in one line which Node it needs, and ends with exit code 1", (context) => {
    const older = findOlderNode();
    if (older === null) return context.skip("no Node on the path is older than the one that the program needs");

    for (const args of [[], ["--version"], ["export", "--output", "nowhere"]]) {
      const { status, stdout, stderr } = spawnSync(older.path, [MAIN, ...args], { encoding: "utf8" });
      expect({ status, stdout, stderr }).toEqual({
        status: 1,
        stdout: "",
        stderr: `${nodeVersionProblem(older.version)!}\n`,
      });
    }
  });
});
