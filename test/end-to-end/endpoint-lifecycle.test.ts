import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.1", RETRY_TICK_SECONDS: "0.5" };

interface ShownEndpoint {
  readonly status: string;
  readonly disabled_reason: string | null;
}

it("holds what is dispatched to a disabled endpoint, over a kill -9, and lets all of it go when it is enabled", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(), (it) => it.close());
  const first = await GatewayProcess.start(folder.path, ENV);
  const user = await ApiClient.createUser(await first.ready);
  const id = await user.createEndpoint(receiver.url("/hook"));
  expect((await user.post(`/v1/endpoints/${id}/disable`, "{}")).status).toBe(200);
  const ids: string[] = [];
  for (let index = 0; index < 50; index += 1) ids.push((await user.dispatch(id, `{"n":${index}}`)).deliveryId);
  const held = async (api: ApiClient): Promise<boolean> =>
    (await api.deliveries("status=PENDING")).filter((delivery) => delivery.next_attempt_at === null).length === 50;
  await until("every delivery to be held", () => held(user));
  await first.kill9();

  await using second = await GatewayProcess.start(folder.path, ENV);
  const api = user.at(await second.ready);
  expect(await held(api)).toBe(true);
  expect(receiver.requests).toHaveLength(0);
  expect((await api.post(`/v1/endpoints/${id}/test`, "{}")).status).toBe(409);

  expect((await api.post(`/v1/endpoints/${id}/enable`, "{}")).status).toBe(200);
  await api.untilAllFinal();
  expect(receiver.requests.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.sort());
  const types = await eventTypes(api, ids[0] ?? "");
  expect(types).toEqual([
    ...["DeliveryRequested", "DeliveryHeld", "DeliveryReleased", "DeliveryAttemptStarted", "DeliveryAttempted"],
  ]);
});

it("cancels what is pending when an endpoint is deleted, with an event that says why", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(503)), (it) => it.close());
  const gateway = stack.use(await GatewayProcess.start(folder.path, { ...ENV, RETRY_UNIT_SECONDS: "60" }));
  const api = await ApiClient.createUser(await gateway.ready);
  const id = await api.createEndpoint(receiver.url("/hook"));
  for (let index = 0; index < 20; index += 1) await api.dispatch(id, `{"n":${index}}`);
  await receiver.received(20);
  expect((await api.remove(`/v1/endpoints/${id}`)).status).toBe(204);
  await api.untilAllFinal();
  const canceled = await api.deliveries("status=CANCELED");
  expect(canceled).toHaveLength(20);
  expect(new Set(canceled.map(({ failure_reason }) => failure_reason))).toEqual(new Set(["endpoint_deleted"]));
  expect(await eventTypes(api, canceled[0]?.id ?? "")).toEqual([
    ...["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted", "DeliveryCanceled"],
  ]);
  expect((await api.dispatch(id, '{"a":1}')).status).toBe(404);
  expect(receiver.requests).toHaveLength(20);
});

it("disables an endpoint that answers 410, ends what it had, and delivers again once it is enabled", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(503)), (it) => it.close());
  const gateway = stack.use(await GatewayProcess.start(folder.path, { ...ENV, RETRY_UNIT_SECONDS: "60" }));
  const api = await ApiClient.createUser(await gateway.ready);
  const id = await api.createEndpoint(receiver.url("/hook"));
  for (let index = 0; index < 10; index += 1) await api.dispatch(id, `{"n":${index}}`);
  await receiver.received(10);
  receiver.answer(respondWith(410));
  await api.dispatch(id, '{"the":"last"}');
  await api.untilAllFinal();
  const failed = await api.deliveries("status=FAILED");
  expect(failed).toHaveLength(11);
  expect(new Set(failed.map(({ failure_reason }) => failure_reason))).toEqual(new Set(["gone"]));
  expect(JSON.parse(await api.text(`/v1/endpoints/${id}`)) as ShownEndpoint).toMatchObject({
    status: "disabled",
    disabled_reason: "gone",
  });

  // What comes afterwards was not pending when it answered: it is held like that of any disabled endpoint.
  receiver.answer(respondWith(200));
  const { deliveryId } = await api.dispatch(id, '{"after":1}');
  await until("it to be held", async () => (await eventTypes(api, deliveryId)).includes("DeliveryHeld"));
  expect((await api.post(`/v1/endpoints/${id}/enable`, "{}")).status).toBe(200);
  await until("it to be delivered", async () => (await api.delivery(deliveryId)).status === "SUCCESS");
  expect(receiver.requests).toHaveLength(12);
});

it("moves what is pending to the new address of an endpoint, with its new headers and schedule", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const old = stack.adopt(await startReceiver(respondWith(503)), (it) => it.close());
  const receiver = stack.adopt(await startReceiver(), (it) => it.close());
  const gateway = stack.use(await GatewayProcess.start(folder.path, { ...ENV, RETRY_UNIT_SECONDS: "3" }));
  const api = await ApiClient.createUser(await gateway.ready);
  const id = await api.createEndpoint(old.url("/hook"));
  const { deliveryId } = await api.dispatch(id, '{"a":1}');
  await until("the first attempt", async () => (await api.delivery(deliveryId)).attempts === 1);
  const changes = { url: receiver.url("/new"), headers: { authorization: "Bearer of-its-own" }, retry_schedule: [] };
  expect((await api.patch(`/v1/endpoints/${id}`, JSON.stringify(changes))).status).toBe(200);
  const [request] = await receiver.received(1);
  expect(request?.path).toBe("/new");
  expect(request?.headers["authorization"]).toBe("Bearer of-its-own");
  expect(request?.headers["webhook-id"]).toBe(deliveryId);
  await api.untilAllFinal();

  receiver.answer(respondWith(503));
  const once = (await api.dispatch(id, '{"b":1}')).deliveryId;
  await until("it to fail at once", async () => (await api.delivery(once)).status === "FAILED");
  expect((await api.delivery(once)).attempts).toBe(1);
});

async function eventTypes(api: ApiClient, deliveryId: string): Promise<string[]> {
  const { data } = JSON.parse(await api.text(`/v1/deliveries/${deliveryId}/events`)) as { data: { type: string }[] };
  return data.map(({ type }) => type);
}
