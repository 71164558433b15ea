import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { describe, expect, it } from "vitest";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { Faults } from "../fixtures/eventstoredb/faults/faults.ts";
import { appendForeign } from "../fixtures/eventstoredb/foreign-events.ts";
import { LogServerProcess } from "../fixtures/eventstoredb/log-server-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import type { LogLine } from "../fixtures/gateway/gateway-process.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { SERVER_KEYS } from "./instances.ts";
import { until } from "../fixtures/until.ts";

/** A server of the log that refuses connections is waited for that long; the rest is room for a busy machine. */
const WAITING = { timeout: 120_000 + 30_000 };

/** A server of the log in this process. */
async function logServer(stack: AsyncDisposableStack, version?: string): Promise<FakeEventStoreDb> {
  const log = new MemoryEventStore({ now: () => Date.now() });
  return stack.use(await startFakeEventStoreDb({ log, ...(version !== undefined && { version }) }));
}

/** Starts a gateway that must not start, and gives the one line that it says about it. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  using folder = new TemporaryFolder();
  await using gateway = GatewayProcess.spawn(folder.path, { ...SERVER_KEYS, ...env });
  await expect(gateway.ready).rejects.toThrow();
  expect(await gateway.exited).toBe(1);
  const lines = gateway.stderr.split("\n");
  expect(lines, gateway.stderr).toHaveLength(2);
  for (const secret of ["s3cret", ...Object.values(SERVER_KEYS)]) expect(gateway.stderr).not.toContain(secret);
  return lines[0]!;
}

/** A server that takes connections and says nothing; its port. */
async function silentPort(stack: AsyncDisposableStack): Promise<number> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.adopt(server, (one: Server) => void one.close());
  return (server.address() as AddressInfo).port;
}

describe.concurrent("a start with servers is refused with one line that names the variable", () => {
  it.each(Object.keys(SERVER_KEYS))("when %s is missing", async (missing) => {
    const line = await refusal({ EVENTSTORE_URL: "esdb://127.0.0.1:1?tls=false", [missing]: "" });
    expect(line).toMatch(new RegExp(`^webhook-gateway cannot start: ${missing}: is required with EVENTSTORE_URL`));
  });

  it.each([
    ["nobody listens there", "EVENTSTORE_URL", "esdb://127.0.0.1:1?tls=false"],
    ["its name is not known", "EVENTSTORE_URL", "esdb://log.invalid:2113?tls=false"],
    [
      "no node of the cluster answers",
      "EVENTSTORE_URL",
      "esdb://127.0.0.1:1,127.0.0.1:2?tls=false&maxDiscoverAttempts=2",
    ],
    ["TLS asks for credentials", "EVENTSTORE_URL", "esdb://127.0.0.1:1"],
    ["its address is not well formed", "EVENTSTORE_URL", "esdb://admin:s3cret@127.0.0.1:port?tls=false"],
    ["nobody listens there", "MONGODB_URL", "mongodb://admin:s3cret@127.0.0.1:1/"],
    ["its name is not known", "MONGODB_URL", "mongodb://db.invalid/"],
    ["its address is not well formed", "MONGODB_URL", "mongodb://admin:s3cret@/"],
  ])("when %s (%s)", WAITING, async (_why, name, url) => {
    expect(await refusal({ [name]: url })).toMatch(new RegExp(`^webhook-gateway cannot start: ${name}: \\S`));
  });

  it.each([
    ["EVENTSTORE_URL", (port: number) => `esdb://127.0.0.1:${port}?tls=false`],
    ["MONGODB_URL", (port: number) => `mongodb://127.0.0.1:${port}/`],
  ])("when what listens there says nothing (%s)", WAITING, async (name, url) => {
    await using stack = new AsyncDisposableStack();
    const port = await silentPort(stack);
    expect(await refusal({ [name]: url(port) })).toMatch(new RegExp(`^webhook-gateway cannot start: ${name}: \\S`));
  });

  it("when the event store is too old", async () => {
    await using stack = new AsyncDisposableStack();
    const { url } = await logServer(stack, "22.10.4");
    expect(await refusal({ EVENTSTORE_URL: url })).toMatch(/EVENTSTORE_URL: .*22\.10\.4.*23\.10 or later/);
  });

  const RIGHTS: readonly (readonly [keyof Faults, RegExp])[] = [
    ["denyAccess", /EVENTSTORE_URL: .*refuses the credentials/],
    ["denyAppends", /EVENTSTORE_URL: .*does not let the user of its address write the gateway's streams/],
    ["denyStreamReads", /EVENTSTORE_URL: .*does not let the user of its address read the gateway's streams/],
  ];
  it.each(RIGHTS)("when its user has not all rights (%s)", async (fault, line) => {
    await using stack = new AsyncDisposableStack();
    const server = await logServer(stack);
    Object.assign(server.faults, { [fault]: true });
    expect(await refusal({ EVENTSTORE_URL: server.url })).toMatch(line);
  });

  it("when the log was begun with another master key", async () => {
    await using stack = new AsyncDisposableStack();
    const EVENTSTORE_URL = (await logServer(stack)).url;
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path, { ...SERVER_KEYS, EVENTSTORE_URL });
    expect(gateway.logged(isTrouble)).toEqual([]);
    const MASTER_KEY = Buffer.alloc(32, 8).toString("base64");
    expect(await refusal({ EVENTSTORE_URL, MASTER_KEY })).toMatch(/MASTER_KEY: it is not the key/);
    // Another prefix is another log.
    using another = new TemporaryFolder();
    const env = { ...SERVER_KEYS, EVENTSTORE_URL, MASTER_KEY, EVENTSTORE_STREAM_PREFIX: "another." };
    await using beside = await GatewayProcess.start(another.path, env);
    expect(beside.logged(isTrouble)).toEqual([]);
  });
});

function isTrouble({ level }: LogLine): boolean {
  return level >= 40;
}

describe.concurrent("a start with an event store", () => {
  it("waits for one that refuses connections, and says so", WAITING, async () => {
    using folder = new TemporaryFolder();
    using logFolder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const former = await LogServerProcess.start(logFolder.path);
    await former.kill9();
    await using gateway = GatewayProcess.spawn(folder.path, { ...SERVER_KEYS, EVENTSTORE_URL: former.url });
    const waiting = (): LogLine[] => gateway.logged(({ msg }) => msg === "waiting for the event log's server");
    await until("the second line about it", () => waiting().length === 2);
    expect(waiting()).toMatchObject([
      { level: 40, seconds: 5, reason: expect.stringContaining("ECONNREFUSED") as string },
      { level: 40, seconds: 10 },
    ]);
    stack.use(await LogServerProcess.start(logFolder.path, former.port));
    await ApiClient.createUser(await gateway.ready);
    expect(gateway.logged(isTrouble)).toEqual(waiting());
    expect(await gateway.terminate()).toBe(0);
  });

  it("says that there is a log of an earlier version, whose streams have no prefix, until its own is begun", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const { url } = await logServer(stack);
    await appendForeign(url, "log-begin", [{ type: "LogBegun", metadata: "{}" }]);
    for (const lines of [1, 0]) {
      await using gateway = await GatewayProcess.start(folder.path, { ...SERVER_KEYS, EVENTSTORE_URL: url });
      expect(gateway.logged(isTrouble).map(({ level, msg }) => `${level} ${msg}`)).toEqual(
        Array.from({ length: lines }, () => expect.stringMatching(/^40 a new log begins: .* have no prefix/) as string),
      );
      expect(await gateway.terminate()).toBe(0);
    }
  });
});
