import { cpSync, existsSync, readFileSync, statSync, truncateSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import { newLogSignal } from "../../src/events/store/sqlite/log-signal.ts";
import { SqliteLogFollower } from "../../src/events/store/sqlite/reading/sqlite-log-follower.ts";
import { runCommand, startCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { Instances } from "./instances.ts";
import { movedLog } from "./moved-log.ts";
import { digestIn, seedLog } from "./seeded-log.ts";
import { until } from "../fixtures/until.ts";

async function headOf(directory: string): Promise<string | null> {
  if (!existsSync(join(directory, "events.sqlite"))) return null;
  const log = new SqliteLogFollower({ directory, signal: newLogSignal() });
  try {
    return await log.head();
  } finally {
    await log.close();
  }
}

describe("a log that moves to another folder", () => {
  it("is served there as it was: users, endpoints and deliveries, to the byte", async () => {
    using folder = new TemporaryFolder();
    const [old, moved, file] = ["old", "moved", "log.ndjson"].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(old);
    const alice = await ApiClient.createUser(await gateway.ready);
    const endpoint = await alice.createEndpoint(receiver.url());
    for (let n = 0; n < 20; n += 1) await alice.dispatch(endpoint, `{ "n":${n}.0, "ä":"\\ud800" }`);
    await alice.untilAllFinal();

    // Beside the running gateway, which alone can be asked what it shows.
    expect(await runCommand(["export", "--output", file], old)).toMatchObject({ exitCode: 0, stdout: "" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const refused = await runCommand(["import", "--input", file], old);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toBe(
      `webhook-gateway cannot import: DATA_DIR ${old} is in use by another gateway (process ${gateway.pid})\n`,
    );
    const id = (await alice.deliveries())[0]!.id;
    const paths = ["/v1/users/me", "/v1/deliveries?limit=100", `/v1/deliveries/${id}`, `/v1/deliveries/${id}/payload`];
    const shown = (address: string): Promise<string[]> =>
      Promise.all(paths.map((path) => alice.at(address).text(path)));
    const before = await shown(await gateway.ready);
    expect(await gateway.terminate()).toBe(0);

    const exported = await runCommand(["export"], old);
    expect(exported.stdout).toBe(readFileSync(file, "utf8"));
    const imported = await runCommand(["import"], moved, { input: file });
    expect(imported).toMatchObject({ exitCode: 0, stdout: "" });
    expect(digestIn(imported.stderr)).toBe(digestIn(exported.stderr));
    expect(digestIn((await runCommand(["export"], moved)).stderr)).toBe(digestIn(exported.stderr));

    await using keyless = GatewayProcess.spawn(moved);
    await expect(keyless.ready).rejects.toThrow("MASTER_KEY: the log was begun with a key that is not in");
    cpSync(join(old, "master.key"), join(moved, "master.key"));
    await using next = await GatewayProcess.start(moved);
    expect(await shown(await next.ready)).toEqual(before);
    await alice.at(await next.ready).dispatch(endpoint, '{"n":1}');
    await alice.at(await next.ready).untilAllFinal();
    expect(receiver.requests).toHaveLength(21);
    expect(await next.terminate()).toBe(0);
  });

  it("is the same after an import that was killed again and again", { timeout: 120_000 }, async () => {
    using folder = new TemporaryFolder();
    const [old, moved, file] = ["old", "moved", "log.ndjson"].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await seedLog(old, 20_000);
    const { stderr } = await runCommand(["export", "--output", file], old);
    for (const kill of [1, 5_000]) {
      const { child, ended } = startCommand(["import", "--input", file], moved);
      await until("some events to be imported", async () => {
        if (child.exitCode !== null) throw new Error((await ended).stderr);
        const head = await headOf(moved);
        return head !== null && head >= positionOf(kill);
      });
      child.kill("SIGKILL");
      expect((await ended).exitCode).toBeNull();
    }
    const last = await runCommand(["import", "--input", file], moved);
    expect(last.exitCode).toBe(0);
    expect(digestIn(last.stderr)).toBe(digestIn(stderr));
    expect(Number(/\((\d+) were there before/.exec(last.stderr)?.[1])).toBeGreaterThanOrEqual(5_000);
    expect(await runCommand(["import", "--input", file], moved)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("(20000 were there before)") as string,
    });
  });
});

movedLog("a server", () => Instances.start());

describe.concurrent("an export", () => {
  it("goes on where it was broken off, to the same bytes", async () => {
    using folder = new TemporaryFolder();
    const [old, file] = ["old", "log.ndjson"].map((name) => join(folder.path, name)) as [string, string];
    await seedLog(old, 2_000);
    const { stderr } = await runCommand(["export", "--output", file], old);
    const whole = readFileSync(file);
    const again = join(folder.path, "again.ndjson");
    copyFileSync(file, `${again}.unfinished`);
    truncateSync(`${again}.unfinished`, whole.length / 2);
    const resumed = await runCommand(["export", "--output", again, "--resume"], old);
    expect(resumed.exitCode).toBe(0);
    expect(readFileSync(again).equals(whole)).toBe(true);
    expect(existsSync(`${again}.unfinished`)).toBe(false);
    expect(digestIn(resumed.stderr)).toBe(digestIn(stderr));
  });

  it("whose reader goes away ends with one line", async () => {
    using folder = new TemporaryFolder();
    await seedLog(folder.path, 2_000);
    const { child, ended } = startCommand(["export"], folder.path);
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await ended).toMatchObject({
      exitCode: 1,
      stderr: "webhook-gateway cannot export: standard output takes no more: write EPIPE\n",
    });
  });
});

describe.concurrent("a damaged export", () => {
  it("is refused before anything is written, with one line", async () => {
    using folder = new TemporaryFolder();
    const [old, moved, file] = ["old", "moved", "log.ndjson"].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await seedLog(old, 400);
    await runCommand(["export", "--output", file], old);
    writeFileSync(file, readFileSync(file, "utf8").replace("xxx", "xyx"));
    const { exitCode, stderr } = await runCommand(["import", "--input", file], moved);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^webhook-gateway cannot import: the export was changed: [^\n]*\n$/);
    expect(existsSync(moved)).toBe(false);
  });
});

describe.concurrent("a command line that cannot be meant", () => {
  it.each([
    [["imprt"], "webhook-gateway: unknown command 'imprt' (Did you mean import?); see webhook-gateway --help\n"],
    [["export", "--to", "x"], "webhook-gateway: export: unknown option '--to'; see webhook-gateway export --help\n"],
    [["export", "--resume"], "webhook-gateway: export: --resume needs --output FILE\n"],
    [["export", "--after", "x"], "webhook-gateway: export: --after needs a position, a number of at most 20 digits\n"],
  ])("is refused: %j", async (args, line) => {
    expect(await runCommand(args, "/nowhere")).toEqual({ exitCode: 2, stdout: "", stderr: line });
  });

  it("is told from one that only asks for help", async () => {
    for (const args of [["--help"], ["export", "--help"]]) {
      const { exitCode, stdout, stderr } = await runCommand(args, "/nowhere");
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toMatch(/^Usage: webhook-gateway /);
    }
  });

  it("names the folder that has no log", async () => {
    expect(await runCommand(["export"], "/nowhere")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "webhook-gateway cannot export: DATA_DIR: there is no event log in /nowhere\n",
    });
  });
});
