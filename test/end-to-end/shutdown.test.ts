import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { describe, it } from "vitest";
import { GatewayProcess, SHORT_GRACE, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { Load } from "../fixtures/gateway/load.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { expectPromisesKept } from "./promises-kept.ts";
import { until } from "../fixtures/until.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "3000", RETRY_UNIT_SECONDS: "0.1", RETRY_TICK_SECONDS: "0.5" };

/** The status of a readiness probe over a connection of its own; null when it is refused or broken. */
async function probe(address: string): Promise<number | null> {
  try {
    const reply = await fetch(`${address}/readyz`, { headers: { connection: "close" } });
    await reply.arrayBuffer();
    return reply.status;
  } catch {
    return null;
  }
}

/** The connection of a client that begins a request and never ends it. */
async function stalledRequest(address: string): Promise<Socket> {
  const stalled = connect(Number(new URL(address).port), "127.0.0.1").on("error", () => undefined);
  stalled.write("POST /v1/dispatch HTTP/1.1\r\nHost: gate");
  await once(stalled, "connect");
  return stalled;
}

describe.concurrent("SIGTERM", () => {
  it(
    "under load ends with 0, and every acknowledged delivery arrives, none twice",
    { timeout: 120_000 },
    async ({ expect }) => {
      using folder = new TemporaryFolder();
      await using stack = new AsyncDisposableStack();
      const answer = respondWith(200);
      // Slow, so that there are always attempts under way and deliveries that wait.
      const receiver = stack.adopt(
        await startReceiver((socket, request) => void setTimeout(() => answer(socket, request), 20)),
        (it) => it.close(),
      );
      await using gateway = await GatewayProcess.start(folder.path, ENV);
      const api = await ApiClient.createUser(await gateway.ready);
      const load = new Load([await api.createEndpoint(receiver.url())], () => 500);
      const underLoad = load.run((endpoint, payload) => api.dispatch(endpoint, payload), { clients: 8, limit: 2_000 });
      await until("some promises", () => load.acknowledged.size >= 200);
      gateway.signalTerm();
      await underLoad;
      expect(await gateway.exited).toBe(0);
      expect(gateway.stderr).toBe("");
      expect(load.acknowledged.size).toBeLessThan(load.requested.size);
      for (const { status } of load.refused) expect(status).toBe(503);

      await using next = await GatewayProcess.start(folder.path, ENV);
      const outcome = await expectPromisesKept(load, api.at(await next.ready), receiver.requests, 30_000);
      console.log(`stopped under load: ${JSON.stringify(outcome)}`);
      expect(outcome.duplicates).toBe(0);
      expect(outcome.unknown).toBe(0);
    },
  );

  it("with a delay changes nothing but readiness until that is over", async ({ expect }) => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, { ...ENV, SHUTDOWN_DELAY_SECONDS: "10" });
    const address = await gateway.ready;
    const api = await ApiClient.createUser(address);
    const endpoint = await api.createEndpoint(receiver.url());
    await until("readiness", async () => (await probe(address)) === 200);

    gateway.signalTerm();
    await until("readiness to end", async () => (await probe(address)) === 503);
    const reply = await (await fetch(`${address}/readyz`)).json();
    expect(reply).toEqual({ status: "unavailable", reasons: ["gateway: it is shutting down"] });
    const later = await ApiClient.createUser(address, "later");
    const laterEndpoint = await later.createEndpoint(receiver.url());
    for (let n = 0; n < 3; n++) {
      expect((await api.dispatch(endpoint, `{"n":${n}}`)).status).toBe(202);
      expect((await later.dispatch(laterEndpoint, `{"n":${n}}`)).status).toBe(202);
      // Over a connection of its own.
      expect(await probe(address)).toBe(503);
    }
    await receiver.received(6);
    expect(gateway.logged(({ msg }) => msg === "shutting down")).toEqual([]);

    expect(await gateway.exited).toBe(0);
    const lines = gateway.logged(({ msg }) => /shut|stopped/.test(msg));
    expect(lines.map(({ msg }) => msg)).toEqual(["announcing the shutdown", "shutting down", "stopped"]);
    const [announced, begun] = lines.map(({ time }) => Number(time));
    expect(begun! - announced!).toBeGreaterThanOrEqual(9_990);
    expect(receiver.requests.length).toBe(6);
    expect(gateway.stderr).toBe("");
  });

  it("with a delay ends with 1 at a second one, also before the delay is over", async ({ expect }) => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path, { SHUTDOWN_DELAY_SECONDS: "3600" });
    const address = await gateway.ready;
    gateway.signalTerm();
    await until("the announcement", () => gateway.logged(({ msg }) => msg === "announcing the shutdown").length === 1);
    expect(await probe(address)).toBe(503);
    expect(await gateway.terminate()).toBe(1);
  });

  it("is not held by idle connections", async ({ expect }) => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path);
    const address = await gateway.ready;
    // Node's fetch keeps its connections; these wait for a next request for as long as the server lets them.
    await Promise.all(Array.from({ length: 20 }, async () => (await fetch(`${address}/v1/ping`)).text()));
    // Beside it, one that a request holds which never ends. It is cut off after 20 s, as these connections would be.
    using otherFolder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    await using held = await GatewayProcess.start(otherFolder.path);
    stack.adopt(await stalledRequest(await held.ready), (it) => void it.destroy());
    held.signalTerm();
    expect(await gateway.terminate()).toBe(0);
    expect(held.logged(({ msg }) => msg === "stopped")).toEqual([]);
  });

  it("takes no work while it waits for an attempt, and a second one ends it with 1", async ({ expect }) => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const blackHole = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, { DELIVERY_TIMEOUT_MS: "60000" });
    const address = await gateway.ready;
    const api = await ApiClient.createUser(address);
    const { deliveryId } = await api.dispatch(await api.createEndpoint(blackHole.url()), '{"n":1}');
    await blackHole.received(1);
    await until("readiness", async () => (await probe(address)) === 200);

    gateway.signalTerm();
    await until("readiness to end", async () => (await probe(address)) !== 200);
    expect([503, null]).toContain(await probe(address));
    const later = await api.dispatch(1, '{"n":2}').catch(() => null);
    expect([503, undefined]).toContain(later?.status);
    expect(gateway.logged(({ msg }) => msg === "stopped")).toEqual([]);
    expect(await gateway.terminate()).toBe(1);

    await using next = await GatewayProcess.start(folder.path);
    expect(await api.at(await next.ready).delivery(deliveryId)).toMatchObject({ status: "PENDING", attempts: 0 });
  });

  it(
    "cuts off what does not end within its grace, notes it as unknown, and ends with 0",
    { timeout: 120_000 },
    async ({ expect }) => {
      using folder = new TemporaryFolder();
      await using stack = new AsyncDisposableStack();
      const blackHole = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
      await using gateway = await GatewayProcess.start(folder.path, { DELIVERY_TIMEOUT_MS: "60000", ...SHORT_GRACE });
      const address = await gateway.ready;
      const api = await ApiClient.createUser(address);
      const { deliveryId } = await api.dispatch(await api.createEndpoint(blackHole.url()), '{"n":1}');
      await blackHole.received(1);
      stack.adopt(await stalledRequest(address), (it) => void it.destroy());

      expect(await gateway.terminate()).toBe(0);
      await using next = await GatewayProcess.start(folder.path);
      expect(await api.at(await next.ready).delivery(deliveryId)).toMatchObject({
        status: "PENDING",
        attempt_log: [{ number: 1, outcome: "unknown" }],
      });
    },
  );
});
