import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { until } from "../fixtures/until.ts";
import { seedLog } from "./seeded-log.ts";

/** Each file of a folder with its mode. */
function modesIn(directory: string): Record<string, string> {
  const names = readdirSync(directory).sort();
  return Object.fromEntries(
    names.map((name) => [name, (statSync(join(directory, name)).mode & 0o777).toString(8)] as const),
  );
}

/** Does something with a umask that takes nothing away; a child that it starts has it too. */
function withoutUmask<T>(task: () => T): T {
  const before = process.umask(0);
  try {
    return task();
  } finally {
    process.umask(before);
  }
}

describe("the files of the data folder", { timeout: 120_000 }, () => {
  it("have mode 0600 whatever the folder's mode and the umask, while a gateway runs and after", async () => {
    using folder = new TemporaryFolder();
    chmodSync(folder.path, 0o777);
    await using gateway = withoutUmask(() => GatewayProcess.spawn(folder.path));
    const address = await gateway.ready;
    await until("the read models", async () => (await fetch(`${address}/readyz`)).status === 200);
    const running = modesIn(folder.path);
    expect(Object.keys(running)).toEqual(
      expect.arrayContaining([
        "events.sqlite",
        "events.sqlite-wal",
        "master.key",
        "operator.key",
        "read-models.sqlite",
      ]),
    );
    expect(new Set(Object.values(running)), JSON.stringify(running)).toEqual(new Set(["600"]));
    const [line] = gateway.logged(({ level }) => level === 40).filter(({ files }) => files !== undefined);
    expect(line).toMatchObject({ msg: "others can read DATA_DIR: take that right from them", files: [". 0777"] });
    expect(await gateway.terminate()).toBe(0);
    expect(new Set(Object.values(modesIn(folder.path)))).toEqual(new Set(["600"]));
  });

  it("get that mode at a start that finds another, and it says so once", async () => {
    using folder = new TemporaryFolder();
    {
      await using gateway = await GatewayProcess.start(folder.path);
      expect(gateway.logged(({ files }) => files !== undefined)).toEqual([]);
      expect(await gateway.terminate()).toBe(0);
    }
    for (const name of ["events.sqlite", "master.key"]) chmodSync(join(folder.path, name), 0o644);
    const files = ["events.sqlite 0644", "master.key 0644"];
    for (const expected of [
      [{ level: 40, files, msg: "others could read files of DATA_DIR: their mode is 0600 now" }],
      [],
    ]) {
      await using gateway = await GatewayProcess.start(folder.path);
      const lines = gateway.logged((line) => line["files"] !== undefined);
      expect(lines).toEqual(expected.map((line) => expect.objectContaining(line) as object));
      expect(new Set(Object.values(modesIn(folder.path)))).toEqual(new Set(["600"]));
      expect(await gateway.terminate()).toBe(0);
    }
  });

  it("have it when a command makes them", async () => {
    using folder = new TemporaryFolder();
    const [log, moved, file] = ["log", "moved", "x"].map((it) => join(folder.path, it)) as [string, string, string];
    await seedLog(log, 8);
    expect(await runCommand(["export", "--output", file], log)).toMatchObject({ exitCode: 0 });
    withoutUmask(() => mkdirSync(moved));
    const importing = withoutUmask(() => runCommand(["import", "--input", file], moved));
    expect(await importing).toMatchObject({ exitCode: 0 });
    expect(new Set(Object.values(modesIn(moved)))).toEqual(new Set(["600"]));
  });
});
