import { describe, expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.5", RETRY_TICK_SECONDS: "0.5" };

type End = (gateway: GatewayProcess) => Promise<unknown>;
const ENDS: readonly (readonly [string, End])[] = [
  ["SIGTERM", (gateway) => gateway.terminate()],
  ["kill -9", (gateway) => gateway.kill9()],
];

describe.concurrent.each(ENDS)("after %s and a new start", (_name, end) => {
  it("everything is there as it was, to the byte", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    const failing = stack.adopt(await startReceiver(respondWith(400, "no")), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const alice = await ApiClient.createUser(await gateway.ready, "alice");
    const bobby = await ApiClient.createUser(await gateway.ready, "bobby");
    const good = await alice.createEndpoint(receiver.url());
    const bad = await alice.createEndpoint(failing.url());
    expect((await alice.patch(`/v1/endpoints/${bad}`, '{"retry_schedule":[]}')).status).toBe(200);
    const bobbys = await bobby.createEndpoint(receiver.url());
    let last = "";
    for (let n = 0; n < 25; n += 1)
      last = (await alice.dispatch(n % 5 === 0 ? bad : good, `{ "n":${n}.0 }`)).deliveryId;
    await bobby.dispatch(bobbys, '{"n":1}');
    await Promise.all([alice.untilAllFinal(), bobby.untilAllFinal()]);

    const paths = [
      "/v1/users/me",
      "/v1/endpoints",
      `/v1/endpoints/${good}/secret`,
      "/v1/deliveries?limit=10",
      "/v1/deliveries?limit=100",
      "/v1/deliveries?status=FAILED",
      `/v1/deliveries/${last}`,
      `/v1/deliveries/${last}/payload`,
    ];
    const shown = async (address: string): Promise<string[]> => {
      const ofAlice = paths.map((path) => alice.at(address).text(path));
      return Promise.all([
        ...ofAlice,
        bobby.at(address).text("/v1/users/me"),
        bobby.at(address).text("/v1/deliveries"),
      ]);
    };
    const before = await shown(await gateway.ready);
    await end(gateway);
    await using next = await GatewayProcess.start(folder.path, ENV);
    expect(await shown(await next.ready)).toEqual(before);
    // Ids count on where they were.
    expect(await bobby.at(await next.ready).createEndpoint(failing.url())).toBe(bobbys + 1);
  });

  it("a retry that fell due meanwhile goes out, and not before its time", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(503)), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const api = await ApiClient.createUser(await gateway.ready);
    const { deliveryId } = await api.dispatch(await api.createEndpoint(receiver.url()), '{"n":1}');
    const { next_attempt_at: due } = await until("the first failure", async () => {
      const delivery = await api.delivery(deliveryId);
      return delivery.attempts === 1 && delivery;
    });
    await end(gateway);
    const requestsBefore = receiver.requests.length;
    await until("the retry to fall due", () => Date.now() > Date.parse(due!));
    expect(receiver.requests).toHaveLength(requestsBefore);

    receiver.answer(respondWith(200));
    await using next = await GatewayProcess.start(folder.path, ENV);
    const later = api.at(await next.ready);
    await later.untilAllFinal();
    expect(await later.delivery(deliveryId)).toMatchObject({
      status: "SUCCESS",
      attempt_log: [{ outcome: "failed", response_status: 503 }, { outcome: "delivered" }],
    });
    expect(receiver.requests).toHaveLength(2);
  });

  it("an Idempotency-Key still stands for its first call", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const api = await ApiClient.createUser(await gateway.ready);
    const endpoint = await api.createEndpoint(receiver.url());
    const key = { "idempotency-key": "order-17" };
    const first = await api.dispatch(endpoint, '{"n":1}', key);
    expect(first).toMatchObject({ status: 202, replayed: false });
    await api.untilAllFinal();
    await end(gateway);

    await using next = await GatewayProcess.start(folder.path, ENV);
    const later = api.at(await next.ready);
    const again = await later.dispatch(endpoint, '{"n":1}', key);
    expect(again).toMatchObject({ status: 202, deliveryId: first.deliveryId, replayed: true });
    expect((await later.dispatch(endpoint, '{"n":2}', key)).status).toBe(422);
    await later.untilAllFinal();
    expect(await later.deliveries()).toHaveLength(1);
    expect(receiver.requests).toHaveLength(1);
  });
});
