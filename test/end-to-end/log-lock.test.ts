import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { seedLog } from "./seeded-log.ts";

function removeLocks(directory: string): void {
  for (const name of readdirSync(directory)) if (name.startsWith("lock.")) rmSync(join(directory, name));
}

async function refusal(directory: string): Promise<string> {
  await using gateway = GatewayProcess.spawn(directory);
  await expect(gateway.ready).rejects.toThrow();
  return gateway.stderr;
}

describe.concurrent("the lock of a log", { timeout: 120_000 }, () => {
  it("keeps a second gateway out though its files are removed, again and again, until the first ends", async () => {
    using folder = new TemporaryFolder();
    const file = join(folder.path, "x");
    const data = join(folder.path, "data");
    await using first = await GatewayProcess.start(data);
    const api = await ApiClient.createUser(await first.ready);
    const inUse = `DATA_DIR ${data} is in use by another gateway (unknown process)\n`;
    for (let n = 0; n < 2; n += 1) {
      removeLocks(data);
      expect(await refusal(data)).toBe(`webhook-gateway cannot start: ${inUse}`);
      // The refused one left a lock that nobody holds: it is not the one that the log remembers.
      expect(await refusal(data)).toBe(`webhook-gateway cannot start: ${inUse}`);
    }
    await runCommand(["export", "--output", file], data);
    expect(await runCommand(["import", "--input", file], data)).toMatchObject({
      exitCode: 1,
      stderr: `webhook-gateway cannot import: ${inUse}`,
    });
    expect(await api.text("/v1/users/me")).toContain('"alice"');
    await first.kill9();
    await using next = await GatewayProcess.start(data);
    expect(await refusal(data)).toContain(`is in use by another gateway (process ${next.pid})`);
    expect(await next.terminate()).toBe(0);
    expect(readdirSync(data).filter((name) => /^(events|lock)/.test(name))).toEqual(["events.sqlite", "lock.sqlite"]);
  });

  it("is not in the way of a start beside a command that reads", async () => {
    using folder = new TemporaryFolder();
    {
      await using gateway = await GatewayProcess.start(folder.path);
      expect(await gateway.terminate()).toBe(0);
    }
    const reader = new DatabaseSync(join(folder.path, "events.sqlite"), { readOnly: true });
    try {
      reader.exec("BEGIN; SELECT * FROM meta");
      await using gateway = await GatewayProcess.start(folder.path);
      expect(await gateway.terminate()).toBe(0);
    } finally {
      reader.close();
    }
  });

  it("cannot be held by who may only read a file that others made", async () => {
    using folder = new TemporaryFolder();
    const lock = join(folder.path, "lock.sqlite");
    writeFileSync(lock, "");
    chmodSync(lock, 0o644);
    const held = new DatabaseSync(lock);
    try {
      held.exec("BEGIN EXCLUSIVE");
      await using gateway = await GatewayProcess.start(folder.path);
      expect(statSync(lock).mode & 0o777).toBe(0o600);
      expect(await gateway.terminate()).toBe(0);
    } finally {
      held.close();
    }
  });

  it("lets a log start that was copied from a folder where a gateway runs", async () => {
    using folder = new TemporaryFolder();
    const [data, copy] = [join(folder.path, "data"), join(folder.path, "copy")];
    await seedLog(data, 8);
    mkdirSync(copy);
    expect(await runCommand(["backup", join(copy, "events.sqlite")], data)).toMatchObject({ exitCode: 0 });
    const rebuilt = await runCommand(["rebuild", "audit-tree"], copy);
    expect(rebuilt).toMatchObject({ exitCode: 0, stderr: "rebuilt audit-tree; the old one was the same\n" });
  });
});
