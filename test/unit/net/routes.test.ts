import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { hasRoute } from "../../../src/net/routes.ts";

const ADDRESSES = ["127.0.0.1", "::1", "192.0.2.1", "2a00::1"];

/** Runs a program in a process without a network: not even the loopback is up. */
function runWithoutNetwork(...args: readonly string[]): Promise<{ stdout: string }> {
  return promisify(execFile)("unshare", ["--map-root-user", "--net", process.execPath, ...args]);
}

describe("hasRoute", () => {
  it("finds the way to the machine itself", async () => {
    expect(await hasRoute("127.0.0.1")).toBe(true);
  });

  it("finds none without a network, for either family", async (context) => {
    try {
      await runWithoutNetwork("--version");
    } catch {
      context.skip("unshare cannot make a network namespace here");
    }
    const url = new URL("../../../src/net/routes.ts", import.meta.url);
    const script = `
      const { hasRoute } = await import(${JSON.stringify(url)});
      console.log(JSON.stringify(await Promise.all(${JSON.stringify(ADDRESSES)}.map(hasRoute))));`;
    const { stdout } = await runWithoutNetwork("--input-type=module", "--eval", script);
    expect(JSON.parse(stdout)).toEqual(ADDRESSES.map(() => false));
  });
});
