import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { seedLog } from "./seeded-log.ts";

const BEGUN = "began a new event log";

/** A folder that a gateway has served and stopped on. */
async function servedFolder(directory: string): Promise<void> {
  await using gateway = await GatewayProcess.start(directory);
  expect(await gateway.terminate()).toBe(0);
}

/** What a gateway says that must not start on this folder; it leaves the folder without a log. */
async function refusal(directory: string): Promise<string> {
  await using gateway = GatewayProcess.spawn(directory);
  await expect(gateway.ready).rejects.toThrow();
  expect(await gateway.exited).toBe(1);
  expect(existsSync(join(directory, "events.sqlite"))).toBe(false);
  return gateway.stderr;
}

function removeLog(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.startsWith("events.sqlite")) rmSync(join(directory, name));
  }
}

describe.concurrent("an event log that is missing", { timeout: 120_000 }, () => {
  it("is begun in an empty folder, which the first start alone says", async () => {
    using folder = new TemporaryFolder();
    for (const expected of [[30], []]) {
      await using gateway = await GatewayProcess.start(folder.path);
      expect(gateway.logged(({ msg }) => msg === BEGUN).map(({ level }) => level)).toEqual(expected);
      expect(await gateway.terminate()).toBe(0);
    }
  });

  it("is not begun beside a key or read models, and is once they are moved away", async () => {
    using folder = new TemporaryFolder();
    const data = join(folder.path, "data");
    await servedFolder(data);
    removeLog(data);
    const line = (found: string): string =>
      `webhook-gateway cannot start: DATA_DIR ${data} has ${found} but no events.sqlite: the event log is missing; ` +
      `put it back, or move ${found} out of this folder to begin a new log on purpose\n`;
    expect(await refusal(data)).toBe(line("master.key and read-models.sqlite"));
    rmSync(join(data, "read-models.sqlite"));
    expect(await refusal(data)).toBe(line("master.key"));
    rmSync(join(data, "master.key"));
    writeFileSync(join(data, "read-models.sqlite"), "");
    expect(await refusal(data)).toBe(line("read-models.sqlite"));
    rmSync(join(data, "read-models.sqlite"));
    await using gateway = await GatewayProcess.start(data);
    expect(gateway.logged(({ msg }) => msg === BEGUN)).toHaveLength(1);
  });

  it("is imported beside a key, and then served without being begun", async () => {
    using folder = new TemporaryFolder();
    const [old, data, file] = ["old", "data", "log.ndjson"].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await servedFolder(old);
    expect(await runCommand(["export", "--output", file], old)).toMatchObject({ exitCode: 0 });
    mkdirSync(data);
    copyFileSync(join(old, "master.key"), join(data, "master.key"));
    expect(await runCommand(["import", "--input", file], data)).toMatchObject({ exitCode: 0 });
    await using gateway = await GatewayProcess.start(data);
    expect(gateway.logged(({ msg }) => msg === BEGUN)).toEqual([]);
  });

  it("is not imported beside the read models of another", async () => {
    using folder = new TemporaryFolder();
    const [old, file] = [join(folder.path, "old"), join(folder.path, "log.ndjson")];
    await servedFolder(old);
    await runCommand(["export", "--output", file], old);
    removeLog(old);
    const { exitCode, stderr } = await runCommand(["import", "--input", file], old);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^webhook-gateway cannot import: DATA_DIR \S+ has read-models.sqlite but no events.sqlite: .*\n$/,
      ) as string,
    });
  });

  it.each([["rebuild", "--all"], ["export"], ["verify"], ["backup", "x"]])("is not made by %s", async (...args) => {
    using folder = new TemporaryFolder();
    const data = join(folder.path, "data");
    const { exitCode, stderr } = await runCommand(args, data);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^[^\n]*: DATA_DIR: there is no event log in [^\n]*\n$/) as string,
    });
    expect(existsSync(data)).toBe(false);
  });
});

describe.concurrent("an export to a file that is there", () => {
  it("replaces it only with --force", async () => {
    using folder = new TemporaryFolder();
    const [log, file] = [join(folder.path, "log"), join(folder.path, "out")];
    await seedLog(log, 8);
    writeFileSync(file, "mine");
    expect(await runCommand(["export", "--output", file], log)).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `webhook-gateway cannot export: ${file} is there already; name a new file, or replace it with --force\n`,
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(readdirSync(folder.path)).toEqual(["log", "out"]);
    expect(await runCommand(["export", "--output", file, "--force"], log)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(file, "utf8")).toContain('"format":"webhook-gateway-log"');
  });

  it("never replaces what is not a file", async () => {
    using folder = new TemporaryFolder();
    const log = join(folder.path, "log");
    await seedLog(log, 8);
    for (const place of ["/dev/null", folder.path]) {
      const { exitCode, stderr } = await runCommand(["export", "--output", place, "--force"], log);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: `webhook-gateway cannot export: ${place} is not a file; name a new one\n`,
      });
    }
  });
});
