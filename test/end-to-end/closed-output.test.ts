import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCommand } from "../fixtures/gateway/command-process.ts";
import type { CommandOutcome } from "../fixtures/gateway/command-process.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { seedLog } from "./seeded-log.ts";

/** What standard output can be that takes nothing, and what the system says of it. */
const OUTPUTS = [
  ["closed", "write EPIPE"],
  ["full", "ENOSPC: no space left on device, write"],
] as const;

describe.concurrent("a command whose standard output takes nothing", () => {
  const folder = new TemporaryFolder();
  const log = join(folder.path, "log");
  beforeAll(() => seedLog(log, 400));
  afterAll(() => folder[Symbol.dispose]());

  async function run(output: (typeof OUTPUTS)[number][0], args: readonly string[]): Promise<CommandOutcome> {
    const full = openSync("/dev/full", "w");
    try {
      const { child, ended } = startCommand(args, log, output === "full" ? { stdout: full } : {});
      // Long before a new process has come as far as its first write.
      child.stdout?.destroy();
      return await ended;
    } finally {
      closeSync(full);
    }
  }

  it.each(OUTPUTS)("says so in one line, where it is %s: help, version, verify", async (output, reason) => {
    const line = `standard output takes no more: ${reason}\n`;
    for (const args of [["--help"], ["--version"], ["backup", "--help"]]) {
      expect(await run(output, args)).toEqual({ exitCode: 1, stdout: "", stderr: `webhook-gateway: ${line}` });
    }
    for (const args of [["verify"], ["verify", "--json"]]) {
      const stderr = `webhook-gateway cannot vouch for the log: ${line}`;
      expect(await run(output, args)).toEqual({ exitCode: 1, stdout: "", stderr });
    }
  });

  it.each(OUTPUTS)("ends with 0 where the backup is whole and only its result is lost: %s", async (output, reason) => {
    for (const more of [[], ["--json"]]) {
      const file = join(folder.path, `backup-${output}${more.join("")}`);
      const { exitCode, stderr } = await run(output, ["backup", file, ...more]);
      expect(exitCode).toBe(0);
      const [line, ...rest] = stderr.split("\n");
      expect(line).toBe(`standard output takes no more: ${reason}; the backup is whole`);
      expect(rest.join("\n")).toMatch(/^without the master key it is useless, [^\n]*\n$/);
      expect(existsSync(file)).toBe(true);
    }
  });
});
