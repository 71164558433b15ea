import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { figure } from "../fixtures/prometheus.ts";
import { startReceiver } from "../fixtures/receivers/receiver.ts";
import { until } from "../fixtures/until.ts";

const KEYS = { OPERATOR_API_KEY: randomUUID(), AUDITOR_API_KEY: randomUUID() };
const ENV = { ...KEYS, DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.1", RETRY_TICK_SECONDS: "0.5" };
const COUNT = 100;
/** Released deliveries of one endpoint are due this far apart, in ms. */
const PACE_MS = 20;

function metrics(address: string): Promise<string> {
  return new ApiClient(address, "").text("/metrics");
}

it("takes 100 dispatches while everything is paused, over a kill -9, and sends each once at a measured pace after", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(), (it) => it.close());
  const first = await GatewayProcess.start(folder.path, ENV);
  const user = await ApiClient.createUser(await first.ready);
  const endpoint = await user.createEndpoint(receiver.url("/hook"));
  const operator = new ApiClient(await first.ready, KEYS.OPERATOR_API_KEY);
  expect((await operator.post("/v1/admin/pause", '{"reason":"a bad deployment"}')).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: COUNT }, (_, n) => user.dispatch(endpoint, `{"n":${n}}`)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  const held = async (address: string): Promise<boolean> =>
    figure(await metrics(address), "webhook_deliveries_held") === COUNT;
  await until("all of them to be held", async () => held(await first.ready));
  await first.kill9();

  await using second = await GatewayProcess.start(folder.path, ENV);
  const address = await second.ready;
  expect(second.logged(({ level }) => level >= 40)).toMatchObject([
    { level: 40, msg: "deliveries are paused", pauses: 1, paused: [{ scope: "all", reason: "a bad deployment" }] },
  ]);
  const ready = await until("it to be ready", async () => {
    const reply = await new ApiClient(address, "").get("/readyz");
    return reply.status === 200 ? ((await reply.json()) as object) : null;
  });
  expect(ready).toMatchObject({ status: "ok", paused: { count: 1, pauses: [{ scope: "all" }] } });
  // More than one scan of what is due, and nothing leaves.
  for (let scan = 0; scan < 3; scan += 1) {
    await until("a scan", async () => figure(await metrics(address), "webhook_due_look_age_seconds") > 0.3);
    await until("the next", async () => figure(await metrics(address), "webhook_due_look_age_seconds") < 0.3);
  }
  expect(await held(address)).toBe(true);
  expect(figure(await metrics(address), 'webhook_pauses{scope="all"}')).toBe(1);
  expect(receiver.requests).toHaveLength(0);

  const resumedAt = performance.now();
  const again = new ApiClient(address, KEYS.OPERATOR_API_KEY);
  expect((await again.post("/v1/admin/resume", "{}")).status).toBe(200);
  await receiver.received(COUNT);
  expect(performance.now() - resumedAt).toBeGreaterThanOrEqual((COUNT - 1) * PACE_MS);
  await user.at(address).untilAllFinal();
  const ids = answers.map(({ deliveryId }) => deliveryId);
  expect(receiver.requests.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.sort());
  const log = await new ApiClient(address, KEYS.AUDITOR_API_KEY).text("/v1/audit/events?type=DeliveryReleased");
  const dues = log
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const { data } = JSON.parse(line) as { data: { dueAt: string } };
      return Date.parse(data.dueAt);
    });
  const gaps = dues.toSorted((a, b) => a - b).flatMap((due, n, all) => (n === 0 ? [] : [due - all[n - 1]!]));
  expect(gaps).toHaveLength(COUNT - 1);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(PACE_MS - 1);
});

it("ends the attempt under way, and begins no other", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const open: (() => void)[] = [];
  const receiver = stack.adopt(
    await startReceiver((socket) => open.push(() => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))),
    (it) => it.close(),
  );
  const gateway = stack.use(await GatewayProcess.start(folder.path, { ...ENV, DELIVERY_TIMEOUT_MS: "15000" }));
  const user = await ApiClient.createUser(await gateway.ready);
  const endpoint = await user.createEndpoint(receiver.url("/hook"));
  const { deliveryId } = await user.dispatch(endpoint, '{"n":1}');
  await receiver.received(1);
  const operator = new ApiClient(await gateway.ready, KEYS.OPERATOR_API_KEY);
  expect((await operator.post("/v1/admin/pause", `{"endpoint_id":${endpoint},"reason":"slow"}`)).status).toBe(200);
  const later = (await user.dispatch(endpoint, '{"n":2}')).deliveryId;
  for (const answer of open) answer();
  await until("the first to end", async () => (await user.delivery(deliveryId)).status === "SUCCESS");
  await until("the second to be held", async () => (await user.delivery(later)).next_attempt_at === null);
  expect(receiver.requests).toHaveLength(1);
  // Nothing is under way, so the stop need not wait.
  expect(await gateway.terminate()).toBe(0);
});
