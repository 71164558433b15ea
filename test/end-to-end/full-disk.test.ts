import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mountSmallDisk, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { Load } from "../fixtures/gateway/load.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { expectPromisesKept } from "./promises-kept.ts";
import { until } from "../fixtures/until.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.5", RETRY_TICK_SECONDS: "0.5" };

/** Fills the disk to its last byte. */
function fill(file: string): void {
  const handle = openSync(file, "a");
  try {
    for (let bytes = 1024 * 1024; bytes > 0;) {
      try {
        writeSync(handle, Buffer.alloc(bytes));
      } catch {
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(handle);
  }
}

it(
  "answers 503 while the disk is full, loses nothing, and goes on when there is room",
  { timeout: 120_000 },
  async (context) => {
    using folder = new TemporaryFolder();
    const reason = whyNoSmallDisk(folder.path);
    if (reason !== null) return context.skip(reason);
    await using stack = new AsyncDisposableStack();
    const disk = join(folder.path, "disk");
    mkdirSync(disk);
    stack.adopt(mountSmallDisk(disk, "32m"), (unmount) => unmount());
    const held: (() => void)[] = [];
    const ok = respondWith(200);
    const receiver = stack.adopt(
      await startReceiver((socket, request) => void held.push(() => ok(socket, request))),
      (it) => it.close(),
    );
    await using gateway = await GatewayProcess.start(join(disk, "data"), ENV);
    const api = await ApiClient.createUser(await gateway.ready);
    const load = new Load([await api.createEndpoint(receiver.url())], () => 20_000);
    const send = (endpoint: number, payload: string) => api.dispatch(endpoint, payload);
    await load.run(send, { clients: 4, limit: 20 });
    expect(load.acknowledged.size).toBe(20);
    await receiver.received(1);

    const ballast = join(disk, "ballast");
    fill(ballast);
    // What the files had in reserve is soon used up.
    await until("the first refusal", async () => {
      await load.run(send, { clients: 4, limit: 20 });
      return load.refused.length > 0;
    });
    const readiness = async () => (await fetch(`${await gateway.ready}/readyz`)).json();
    expect(await readiness()).toMatchObject({ reasons: ["appends: the event log refuses them, its disk is full"] });
    // These answers come while nothing can be noted.
    for (const answer of held.splice(0)) answer();
    receiver.answer(ok);
    await load.run(send, { clients: 4, limit: 20 });
    for (const answer of load.refused) expect(answer).toMatchObject({ status: 503, retryAfter: "1" });
    expect(gateway.logged((line) => JSON.stringify(line).includes("disk is full"))).not.toEqual([]);
    const taken = load.acknowledged.size;

    rmSync(ballast);
    await until("a promise", async () => {
      await load.run(send, { clients: 1, limit: 1 });
      return load.acknowledged.size > taken;
    });
    await until("the gateway to be ready", async () => (await fetch(`${await gateway.ready}/readyz`)).status === 200);
    const outcome = await expectPromisesKept(load, api, receiver.requests, 30_000);
    console.log(`refused ${load.refused.length}: ${JSON.stringify(outcome)}`);
    expect(await gateway.terminate()).toBe(0);
  },
);
