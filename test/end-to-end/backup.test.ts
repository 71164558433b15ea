import { hash, randomUUID } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand, startCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { Load } from "../fixtures/gateway/load.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { ReceivedRequest } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

/** Failed deliveries stay pending for the whole test, on a busy machine too: the fifth attempt comes 45 s after the first. */
const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "3", RETRY_TICK_SECONDS: "0.5" };

/** What `backup --json` says. */
interface Told {
  readonly file: string;
  readonly events: number;
  readonly position: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A backup that was made under load, and what was promised before it began and after it had ended. */
interface Taken extends Told {
  readonly acknowledgedBefore: ReadonlyMap<number, string>;
  /** The digests of their payloads. */
  readonly deliveredBefore: readonly string[];
  /** Dispatches from this number on were sent after the backup. */
  readonly sentAfter: number;
}

async function backUp(directory: string, file: string): Promise<Told> {
  const { exitCode, stdout, stderr } = await runCommand(["backup", file, "--json"], directory);
  expect(stderr).toBe(
    `without the master key it is useless, and the key is not in it: ` +
      `keep a copy of ${join(directory, "master.key")} apart from it\n`,
  );
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as Told;
}

/** A new folder with the backup as its log and the key beside it. */
function restore(into: string, backup: string, from: string): string {
  mkdirSync(into);
  copyFileSync(backup, join(into, "events.sqlite"));
  copyFileSync(join(from, "master.key"), join(into, "master.key"));
  return into;
}

/** How often each payload arrived, by its digest. */
function arrivalsOf(requests: readonly ReceivedRequest[]): Map<string, number> {
  const arrivals = new Map<string, number>();
  for (const { body } of requests) arrivals.set(digest(body), (arrivals.get(digest(body)) ?? 0) + 1);
  return arrivals;
}

function digest(bytes: string | Buffer): string {
  return hash("sha256", bytes, "hex");
}

describe("backups that are made while a gateway takes and delivers", () => {
  it("each hold all that was promised before, and are served from a new folder", { timeout: 120_000 }, async () => {
    using folder = new TemporaryFolder();
    const data = join(folder.path, "data");
    await using stack = new AsyncDisposableStack();
    let healthy = false;
    const [ok, failed] = [respondWith(200), respondWith(503)];
    const receiver = stack.adopt(
      await startReceiver((socket, request) => (request.path === "/a" || healthy ? ok : failed)(socket, request)),
      (it) => it.close(),
    );
    const taken: Taken[] = [];
    const first = await GatewayProcess.start(data, ENV);
    const user = await ApiClient.createUser(await first.ready);
    const endpoints = [await user.createEndpoint(receiver.url("/a")), await user.createEndpoint(receiver.url("/b"))];
    const load = new Load(endpoints, () => 2_000);
    await first.terminate();
    {
      await using gateway = await GatewayProcess.start(data, ENV);
      const api = user.at(await gateway.ready);
      let end = false;
      const send = (endpoint: number, payload: string) =>
        end ? Promise.reject(new Error("enough")) : api.dispatch(endpoint, payload);
      const underLoad = load.run(send, { clients: 4, limit: 100_000 });
      for (const name of ["1", "2", "3"]) {
        const already = load.acknowledged.size;
        await until("more promises", () => load.acknowledged.size > already + 100);
        const acknowledgedBefore = new Map(load.acknowledged);
        const deliveredBefore = (await api.deliveries("status=SUCCESS")).map((it) => it.payload_sha256);
        const told = await backUp(data, join(folder.path, name));
        taken.push({ ...told, acknowledgedBefore, deliveredBefore, sentAfter: load.requested.size });
      }
      const already = load.acknowledged.size;
      await until("promises after the backups", () => load.acknowledged.size > already + 100);
      end = true;
      await gateway.kill9();
      await underLoad;
    }
    // Nothing that was said of a backup may depend on what came after it.
    for (const { file, bytes, sha256 } of taken) {
      expect(statSync(file)).toMatchObject({ size: bytes, mode: 0o100600 });
      expect(digest(readFileSync(file))).toBe(sha256);
    }
    const earliest = taken[0]!;
    const before = arrivalsOf(receiver.requests);
    healthy = true;

    await using gateway = await GatewayProcess.start(restore(join(folder.path, "r"), earliest.file, data), ENV);
    const restored = user.at(await gateway.ready);
    await restored.untilAllFinal(90_000);
    const deliveries = new Map((await restored.deliveries()).map((delivery) => [delivery.id, delivery]));
    const lost = [...earliest.acknowledgedBefore].filter(([, id]) => deliveries.get(id)?.status !== "SUCCESS");
    expect(lost, "acknowledged before the backup, and not delivered").toEqual([]);
    const arrivals = arrivalsOf(receiver.requests);
    const missing = [...earliest.acknowledgedBefore.keys()].filter(
      (number) => !arrivals.has(digest(load.requested.get(number)!)),
    );
    expect(missing, "acknowledged before the backup, and never arrived as it was").toEqual([]);
    const kept = [...load.acknowledged].filter(([number, id]) => number >= earliest.sentAfter && deliveries.has(id));
    expect(kept, "dispatched after the backup").toEqual([]);
    // What the backup knows as delivered is not sent again; only what was attempted after it is.
    const again = earliest.deliveredBefore.filter((payload) => arrivals.get(payload) !== before.get(payload));
    expect(again, "sent again though the backup knows that it arrived").toEqual([]);
    const twice = [...arrivals.values()].reduce((sum, count) => sum + count - 1, 0);
    console.log(
      `backups of ${taken.map(({ events }) => events).join(", ")} events; ${earliest.acknowledgedBefore.size} promises ` +
        `before the first, ${load.acknowledged.size} in all; ${twice} arrivals beyond the first of their payload`,
    );
    expect(await gateway.terminate()).toBe(0);

    // A later one holds more, and is as good.
    for (const { file, acknowledgedBefore, position } of taken.slice(-1)) {
      expect(position > earliest.position).toBe(true);
      const into = restore(join(folder.path, `r${position}`), file, data);
      await using next = await GatewayProcess.start(into, ENV);
      const other = user.at(await next.ready);
      await other.untilAllFinal(90_000);
      const shown = new Set((await other.deliveries("status=SUCCESS")).map(({ id }) => id));
      expect([...acknowledgedBefore.values()].filter((id) => !shown.has(id))).toEqual([]);
    }
  });
});

describe("a log that was restored", () => {
  it("knows nothing of what came after the backup, also beside newer read models", { timeout: 120_000 }, async () => {
    using folder = new TemporaryFolder();
    const [data, file] = [join(folder.path, "data"), join(folder.path, "backup.sqlite")];
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(data, ENV);
    const alice = await ApiClient.createUser(await gateway.ready);
    const endpoint = await alice.createEndpoint(receiver.url("/a"));
    const idempotencyKey = randomUUID();
    const early = await alice.dispatch(endpoint, '{"n":1}', { "idempotency-key": "early" });
    await alice.untilAllFinal();
    await backUp(data, file);
    const late = await alice.dispatch(endpoint, '{"n":2}', { "idempotency-key": idempotencyKey });
    const bob = await ApiClient.createUser(await gateway.ready, "robert");
    const bobsEndpoint = await bob.createEndpoint(receiver.url("/bob"));
    await alice.untilAllFinal();
    await bob.text("/v1/users/me");
    // So that the read models of all of it are in their file.
    expect(await gateway.terminate()).toBe(0);
    expect(receiver.requests).toHaveLength(2);

    const into = restore(join(folder.path, "restored"), file, data);
    for (const name of readdirSync(data).filter((it) => it.startsWith("read-models"))) {
      cpSync(join(data, name), join(into, name));
    }
    await using next = await GatewayProcess.start(into, ENV);
    const address = await next.ready;
    const again = alice.at(address);
    await until("the read models to be made anew", async () => {
      const ids = await again.deliveries().then(
        (all) => all.map(({ id }) => id),
        () => [],
      );
      // Never what the log does not have.
      expect([[], [early.deliveryId]]).toContainEqual(ids);
      return ids.length > 0;
    });
    await expect(again.delivery(late.deliveryId)).rejects.toThrow("answered 404");
    await expect(bob.at(address).text("/v1/users/me")).rejects.toThrow("Missing or invalid API key");

    // An idempotency key from before the backup is known; one from after it is not, and gives the same delivery id.
    const repeated = (key: string, n: number) => again.dispatch(endpoint, `{"n":${n}}`, { "idempotency-key": key });
    expect(await repeated("early", 1)).toEqual({ ...early, replayed: true });
    expect(await repeated(idempotencyKey, 2)).toEqual(late);
    await again.untilAllFinal();
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['{"n":1}', '{"n":2}', '{"n":2}']);
    // Names and numbers that were given out after it are free again.
    const carol = await ApiClient.createUser(address, "robert");
    expect(await carol.createEndpoint(receiver.url("/bob"))).toBe(bobsEndpoint);
    expect(next.logged(({ level }) => level >= 50)).toEqual([]);
    expect(await next.terminate()).toBe(0);
  });

  it("is not served without the key that it was made with", async () => {
    using folder = new TemporaryFolder();
    const [data, file] = [join(folder.path, "data"), join(folder.path, "backup.sqlite")];
    await using gateway = await GatewayProcess.start(data);
    await gateway.ready;
    await backUp(data, file);
    const into = join(folder.path, "restored");
    mkdirSync(into);
    copyFileSync(file, join(into, "events.sqlite"));
    await using next = GatewayProcess.spawn(into);
    await expect(next.ready).rejects.toThrow("MASTER_KEY: the log was begun with a key that is not in");
    expect(readFileSync(file).includes(readFileSync(join(data, "master.key"), "utf8").trim())).toBe(false);
  });
});

describe.concurrent("a backup that cannot be made", () => {
  it("says why in one line, and leaves nothing", { timeout: 120_000 }, async () => {
    using folder = new TemporaryFolder();
    const [data, target, empty] = ["data", "target", "empty"].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [data, target, empty]) mkdirSync(path);
    {
      await using gateway = await GatewayProcess.start(data);
      expect(await gateway.terminate()).toBe(0);
    }
    const taken = join(target, "taken");
    writeFileSync(taken, "mine");
    const cases: readonly (readonly [directory: string, file: string, line: string])[] = [
      [empty, join(target, "x"), `DATA_DIR: there is no event log in ${empty}`],
      [data, taken, `${taken} is there already; name a new file`],
      [data, join(taken, "x"), `${taken} is not a folder; make it first`],
    ];
    for (const [directory, file, line] of cases) {
      const stderr = `webhook-gateway cannot back up: ${line}\n`;
      expect(await runCommand(["backup", file], directory)).toEqual({ exitCode: 1, stdout: "", stderr });
    }
    const env = {
      EVENTSTORE_URL: "esdb://127.0.0.1:2113",
      MASTER_KEY: Buffer.alloc(32, 1).toString("base64"),
      OPERATOR_API_KEY: randomUUID(),
      AUDITOR_API_KEY: randomUUID(),
    };
    expect(await runCommand(["backup", join(target, "x")], data, { env })).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        "webhook-gateway cannot back up: EVENTSTORE_URL: back up that server with its own tools, or take a copy with " +
        "`webhook-gateway export`\n",
    });
    const log = join(data, "events.sqlite");
    writeFileSync(log, readFileSync(log).subarray(0, statSync(log).size - 4096));
    const { exitCode, stdout, stderr } = await runCommand(["backup", join(target, "x")], data);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(
      /^webhook-gateway cannot back up: \S+events\.sqlite is damaged: [^\n]*; restore it [^\n]*\n$/,
    );
    expect(readdirSync(target)).toEqual(["taken"]);
    expect(readFileSync(taken, "utf8")).toBe("mine");
  });

  it("is one that a signal ended, which takes away what it began", { timeout: 120_000 }, async () => {
    using folder = new TemporaryFolder();
    const [data, target] = [join(folder.path, "data"), join(folder.path, "target")];
    mkdirSync(target);
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    {
      await using gateway = await GatewayProcess.start(data);
      const api = await ApiClient.createUser(await gateway.ready);
      const load = new Load([await api.createEndpoint(receiver.url())], () => 200_000);
      await load.run((endpoint, payload) => api.dispatch(endpoint, payload), { clients: 8, limit: 200 });
      expect(await gateway.terminate()).toBe(0);
    }
    const { child, ended } = startCommand(["backup", join(target, "x")], data);
    await until("the copy to begin", () => child.exitCode !== null || readdirSync(target).length > 0);
    child.kill("SIGTERM");
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: "webhook-gateway cannot back up: stopped by SIGTERM; nothing was kept\n",
    });
    expect(readdirSync(target)).toEqual([]);
  });
});
