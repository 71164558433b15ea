import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

/** So far apart that a busy machine too looks at the endpoint between the two. */
const TIMES = { ENDPOINT_WARN_AFTER_SECONDS: "0.2", ENDPOINT_DISABLE_AFTER_SECONDS: "5" };
const ENV = {
  RETRY_UNIT_SECONDS: "0.1",
  RETRY_TICK_SECONDS: "0.2",
  ENDPOINT_FAILING_ATTEMPTS: "3",
  ...TIMES,
};

it("warns of an endpoint that fails for long, disables it, and delivers what it held when it is enabled", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(500)), (it) => it.close());
  const gateway = stack.use(await GatewayProcess.start(folder.path, ENV));
  const api = await ApiClient.createUser(await gateway.ready);
  const id = await api.createEndpoint(receiver.url("/hook"));
  const status = async (): Promise<{ status: string; disabled_reason: string | null }> =>
    JSON.parse(await api.text(`/v1/endpoints/${id}`)) as { status: string; disabled_reason: string | null };

  await until("it to be disabled", async () => {
    await api.dispatch(id, '{"a":1}');
    return (await status()).status === "disabled";
  });
  expect(await status()).toMatchObject({ status: "disabled", disabled_reason: "failing" });
  const warnings = gateway.logged(({ level, msg }) => level === 40 && msg.includes("endpoint"));
  expect(warnings.map(({ msg, endpoint }) => [msg, endpoint])).toEqual([
    ["an endpoint keeps failing", id],
    ["a failing endpoint was disabled", id],
  ]);

  const { deliveryId } = await api.dispatch(id, '{"held":1}');
  const sentBefore = receiver.requests.length;
  await until("it to be held", async () =>
    (await api.text(`/v1/deliveries/${deliveryId}/events`)).includes("DeliveryHeld"),
  );
  receiver.answer(respondWith(200));
  expect((await api.post(`/v1/endpoints/${id}/enable`, "{}")).status).toBe(200);
  await api.untilAllFinal();
  expect((await api.delivery(deliveryId)).status).toBe("SUCCESS");
  expect(receiver.requests.length).toBeGreaterThan(sentBefore);
  expect(await status()).toMatchObject({ status: "enabled", disabled_reason: null });
});
