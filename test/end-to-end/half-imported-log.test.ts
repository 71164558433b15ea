import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newLogSignal } from "../../src/events/store/sqlite/log-signal.ts";
import { SqliteLogFollower } from "../../src/events/store/sqlite/reading/sqlite-log-follower.ts";
import { runCommand, startCommand } from "../fixtures/gateway/command-process.ts";
import type { RunningCommand } from "../fixtures/gateway/command-process.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { until } from "../fixtures/until.ts";
import { digestIn, seedLog } from "./seeded-log.ts";

/** How many events a log holds now. */
async function eventsIn(directory: string): Promise<number> {
  if (!existsSync(join(directory, "events.sqlite"))) return 0;
  const log = new SqliteLogFollower({ directory, signal: newLogSignal() });
  try {
    return Number((await log.head()) ?? 0);
  } finally {
    await log.close();
  }
}

/** Starts an import whose input comes from the test, which ends it or not. */
function importing(directory: string): RunningCommand & { readonly write: (text: string) => void } {
  const running = startCommand(["import"], directory, { input: "open" });
  return { ...running, write: (text) => void running.child.stdin?.write(text) };
}

/** Expects that nothing but an import takes the log. */
async function expectRefused(data: string, out: string): Promise<void> {
  const line = `${data}/events.sqlite holds an import that is not complete; run the same \`webhook-gateway import\` again, or name another DATA_DIR\n`;
  for (const [args, failure] of [
    [["serve"], "cannot start"],
    [["export", "--output", out], "cannot export"],
    [["backup", out], "cannot back up"],
    [["rebuild", "users"], "cannot rebuild"],
  ] as const) {
    const outcome = await runCommand(args, data, { env: { PORT: "0" } });
    expect(outcome).toEqual({ exitCode: 1, stdout: "", stderr: `webhook-gateway ${failure}: ${line}` });
    expect(existsSync(out)).toBe(false);
  }
}

describe.concurrent("an import that was broken off", { timeout: 120_000 }, () => {
  it.each(["SIGTERM", "SIGKILL"] as const)("by %s leaves a log that only an import takes", async (signal) => {
    using folder = new TemporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    const [old, data, file] = [at("old"), at("data"), at("log.ndjson")];
    await seedLog(old, 40);
    const { stderr } = await runCommand(["export", "--output", file], old);
    const lines = readFileSync(file, "utf8").split("\n");

    const half = importing(data);
    half.write(`${lines.slice(0, 20).join("\n")}\n`);
    // As it comes: the rest of the input is not there yet.
    await until("the first events", async () => (await eventsIn(data)) === 19);
    half.child.kill(signal);
    const ended = await half.ended;
    if (signal === "SIGTERM") {
      const line = "webhook-gateway cannot import: stopped by SIGTERM; run the same command again to go on\n";
      expect(ended).toEqual({ exitCode: 1, stdout: "", stderr: line });
    }
    await expectRefused(data, at("out"));
    expect(await runCommand(["verify"], data)).toMatchObject({ exitCode: 0 });

    const resumed = await runCommand(["import", "--input", file], data);
    expect(resumed).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("(19 were there before)") as string });
    expect(digestIn(resumed.stderr)).toBe(digestIn(stderr));
    expect(digestIn((await runCommand(["export"], data)).stderr)).toBe(digestIn(stderr));
  });

  it("before the first event leaves such a log as well", async () => {
    using folder = new TemporaryFolder();
    const data = join(folder.path, "data");
    const { child, ended } = importing(data);
    await until(
      "the log",
      () => existsSync(join(data, "events.sqlite")) && existsSync(join(data, "events.sqlite-wal")),
    );
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ exitCode: 1 });
    await expectRefused(data, join(folder.path, "out"));
  });

  it("by a wrong digest leaves the mark, which the right export takes away", async () => {
    using folder = new TemporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    const [old, data, file] = [at("old"), at("data"), at("log.ndjson")];
    await seedLog(old, 40);
    await runCommand(["export", "--output", file], old);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    copyFileSync(file, at("right"));
    const last = lines.pop()!.replace(/(?<="sha256":")./, (digit) => (digit === "0" ? "1" : "0"));
    writeFileSync(file, [...lines, last, ""].join("\n"));
    const wrong = await runCommand(["import"], data, { input: file });
    expect(wrong.stderr).toMatch(/^webhook-gateway cannot import: the export was changed: [^\n]*\n$/);
    await expectRefused(data, at("out"));
    expect(await runCommand(["import"], data, { input: at("right") })).toMatchObject({ exitCode: 0 });
    expect(await runCommand(["export", "--output", at("out")], data)).toMatchObject({ exitCode: 0 });
    // An import that is refused before it writes anything leaves a whole log as it is.
    await seedLog(at("other"), 8);
    await runCommand(["export", "--output", at("foreign")], at("other"));
    expect(await runCommand(["import", "--input", at("foreign")], data)).toMatchObject({ exitCode: 1 });
    expect(await runCommand(["backup", at("backup")], data)).toMatchObject({ exitCode: 0 });
  });
});
