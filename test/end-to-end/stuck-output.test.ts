import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { ExpectStatic } from "vitest";
import { mountSmallDisk, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";
import { freePort } from "../fixtures/free-port.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { Load } from "../fixtures/gateway/load.ts";
import { figure } from "../fixtures/prometheus.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { until } from "../fixtures/until.ts";

/** Their lines, two of some 300 bytes for each, are more than a pipe or a small disk takes. */
const DISPATCHES = 300;
/** Their lines, two for each, are more than waits for an output. */
const MANY_DISPATCHES = 3_000;

/** Starts a gateway that logs there, and waits until it answers. */
async function startOn(stack: AsyncDisposableStack, stdout: "pipe" | number) {
  const folder = stack.use(new TemporaryFolder());
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const gateway = stack.use(GatewayProcess.spawn(folder.path, { PORT: `${port}` }, stdout));
  await until("readiness", () =>
    fetch(`${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { gateway, address };
}

/** Dispatches more than the output takes lines of, and waits until everything has arrived. */
async function deliver(stack: AsyncDisposableStack, address: string, expect: ExpectStatic): Promise<void> {
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  const api = await ApiClient.createUser(address);
  await dispatch(api, await api.createEndpoint(receiver.url()), DISPATCHES, expect);
  await receiver.received(DISPATCHES);
  await api.untilAllFinal();
}

/** Dispatches so much that lines are dropped. Nothing is delivered, which would take longer. */
async function flood(address: string, expect: ExpectStatic): Promise<void> {
  const api = await ApiClient.createUser(address);
  const endpoint = await api.createEndpoint("http://127.0.0.2:9999/");
  await api.post(`/v1/endpoints/${endpoint}/disable`, "{}");
  await dispatch(api, endpoint, MANY_DISPATCHES, expect);
  expect(await droppedLines(address)).toBeGreaterThan(0);
}

async function dispatch(api: ApiClient, endpoint: number, count: number, expect: ExpectStatic): Promise<void> {
  const load = new Load([endpoint], () => 10);
  await load.run((id, payload) => api.dispatch(id, payload), { clients: 16, limit: count });
  expect(load.refused).toEqual([]);
  expect(load.acknowledged.size).toBe(count);
}

async function droppedLines(address: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return figure(text, "webhook_log_lines_dropped_total");
}

/** Expects that SIGTERM ends it in order, which it also did in time: after its limit the exit code is another. */
async function expectOrderlyStop(gateway: GatewayProcess, expect: ExpectStatic): Promise<void> {
  expect(await gateway.terminate()).toBe(0);
  expect(gateway.stderr).toBe("");
}

/** A FIFO that nobody reads unless a test drains it. */
interface Fifo {
  readonly writer: number;
  readonly reader: number;
}

/** A FIFO with both ends open, so that no side waits for the other to come. */
function openFifo(stack: AsyncDisposableStack): Fifo {
  const folder = stack.use(new TemporaryFolder());
  const path = join(folder.path, "fifo");
  execFileSync("mkfifo", [path]);
  // Two descriptions of the file: a process that gets one of them as its standard output makes it wait (O_NONBLOCK is
  // the description's), and a read that waits would hold this thread for ever.
  const reader = stack.adopt(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), closeSync);
  return { reader, writer: stack.adopt(openSync(path, constants.O_WRONLY), closeSync) };
}

/** What is in a FIFO now. */
function drain({ reader }: Fifo): string {
  const buffer = Buffer.alloc(1024 * 1024);
  try {
    return buffer.toString("utf8", 0, readSync(reader, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}

describe.concurrent("the gateway takes, delivers and stops", { timeout: 120_000 }, () => {
  it("while a full device is its standard output", async ({ expect }) => {
    await using stack = new AsyncDisposableStack();
    const full = stack.adopt(openSync("/dev/full", "w"), closeSync);
    const { gateway, address } = await startOn(stack, full);
    await deliver(stack, address, expect);
    await expectOrderlyStop(gateway, expect);
  });

  it("while the disk of its standard output is full, and loses no line when there is room", async (context) => {
    const { expect } = context;
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(new TemporaryFolder());
    const reason = whyNoSmallDisk(folder.path);
    if (reason !== null) return context.skip(reason);
    const disk = join(folder.path, "disk");
    mkdirSync(disk);
    stack.adopt(mountSmallDisk(disk, "128k"), (unmount) => unmount());
    const path = join(disk, "log");
    const log = stack.adopt(openSync(path, "a"), closeSync);
    const { gateway, address } = await startOn(stack, log);
    await deliver(stack, address, expect);
    expect(readFileSync(path, "utf8")).not.toMatch(/\n$/);
    execFileSync("mount", ["-o", "remount,size=8m", disk]);
    await until("the rest", () => readFileSync(path, "utf8").endsWith("\n"));
    // Nothing is broken where the disk ended, and nothing is missing.
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages.filter((msg) => msg === "attempt")).toHaveLength(DISPATCHES);
    expect(await droppedLines(address)).toBe(0);
    await expectOrderlyStop(gateway, expect);
    expect(readFileSync(path, "utf8")).toMatch(/"msg":"stopped"\}\n$/);
  });

  it("while nobody reads its FIFO, and says to a reader how many lines are missing", async ({ expect }) => {
    await using stack = new AsyncDisposableStack();
    const fifo = openFifo(stack);
    const { gateway, address } = await startOn(stack, fifo.writer);
    await flood(address, expect);
    let text = "";
    let told: readonly number[] = [];
    // Lines may be missing again while the first ones are read.
    await until("all lines, or their number", async () => {
      const more = drain(fifo);
      text += more;
      told = [...text.matchAll(/"level":40,.*"dropped":(\d+),"msg":"log lines were dropped"/g)].map(([, n]) =>
        Number(n),
      );
      return more === "" && told.length > 0 && told.reduce((a, b) => a + b) === (await droppedLines(address));
    });
    for (const line of text.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
    await expectOrderlyStop(gateway, expect);
    expect(drain(fifo)).toMatch(/"msg":"stopped"\}\n$/);
  });

  it("while nobody reads a FIFO that is full", async ({ expect }) => {
    await using stack = new AsyncDisposableStack();
    const { gateway, address } = await startOn(stack, openFifo(stack).writer);
    await deliver(stack, address, expect);
    await expectOrderlyStop(gateway, expect);
  });

  it("while the reader of its log stalls", async ({ expect }) => {
    await using stack = new AsyncDisposableStack();
    const { gateway, address } = await startOn(stack, "pipe");
    gateway.stallReader();
    await deliver(stack, address, expect);
    gateway.signalTerm();
    // Not `exited`, which comes when all of its output is read.
    expect(await gateway.ended).toBe(0);
  });

  it("when the reader of its log ends", async ({ expect }) => {
    await using stack = new AsyncDisposableStack();
    const { gateway, address } = await startOn(stack, "pipe");
    gateway.closeReader();
    await deliver(stack, address, expect);
    await expectOrderlyStop(gateway, expect);
  });
});

it("a second signal ends a stop whose output takes nothing", async ({ expect }) => {
  await using stack = new AsyncDisposableStack();
  const fifo = openFifo(stack);
  const blackHole = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
  const { gateway, address } = await startOn(stack, fifo.writer);
  await deliver(stack, address, expect);
  const api = await ApiClient.createUser(address, "bobby");
  const { status } = await api.dispatch(await api.createEndpoint(blackHole.url()), '{"n":1}');
  expect(status).toBe(202);
  await blackHole.received(1);
  gateway.signalTerm();
  await until("the stop", () =>
    fetch(`${address}/readyz`).then(
      ({ ok }) => !ok,
      () => true,
    ),
  );
  expect(await gateway.terminate()).toBe(1);
});
