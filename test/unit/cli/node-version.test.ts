import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MIN_NODE_MAJOR, nodeVersionProblem } from "../../../src/cli/node-version.ts";

describe("the check of Node's version", () => {
  it("accepts the required version and later ones", () => {
    for (const version of ["24.0.0", "24.21.0", "25.0.0-nightly", "100.1.2", process.versions.node]) {
      expect(nodeVersionProblem(version), version).toBeNull();
    }
  });

  it("says in one line what an older version lacks and how to get a newer one", () => {
    for (const version of ["23.11.1", "20.20.2", "9.0.0", "0.12.18"]) {
      expect(nodeVersionProblem(version), version).toBe(
        `webhook-gateway needs Node 24 or later, and this is Node ${version}: ` +
          "install Node 24 from https://nodejs.org, or run `npm ci && npm start`, which brings its own",
      );
    }
  });

  it("requires what package.json requires", () => {
    const packageJson = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
    expect((JSON.parse(packageJson) as { engines: { node: string } }).engines.node).toBe(`>=${MIN_NODE_MAJOR}`);
  });
});
