import { setTimeout as pause } from "node:timers/promises";
import { it } from "vitest";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { until } from "../fixtures/until.ts";

const TIMEOUT_MS = 2_000;
/** Longer than an attempt, and shorter than its lease. */
const FROZEN_MS = 5_000;

it("a process that stood still blames no receiver: what was answered counts, the rest is unknown", async ({
  expect,
}) => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const held: (() => void)[] = [];
  const ok = respondWith(200);
  const receiver = stack.adopt(
    await startReceiver((socket, request) => void held.push(() => ok(socket, request))),
    (it) => it.close(),
  );
  const blackHole = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path, { DELIVERY_TIMEOUT_MS: `${TIMEOUT_MS}` });
  const api = await ApiClient.createUser(await gateway.ready);
  const answered = await api.dispatch(await api.createEndpoint(receiver.url()), '{"n":1}');
  const unanswered = await api.dispatch(await api.createEndpoint(blackHole.url()), '{"n":2}');
  await Promise.all([receiver.received(1), blackHole.received(1)]);

  gateway.freeze();
  for (const answer of held) answer();
  await pause(FROZEN_MS);
  gateway.thaw();

  await until("both results", () => gateway.logged(({ msg }) => msg === "attempt").length === 2);
  const attemptOf = async (id: string) => (await api.delivery(id)).attempt_log[0];
  await until("the read model", async () => (await attemptOf(unanswered.deliveryId)) !== undefined);
  expect(await attemptOf(answered.deliveryId)).toMatchObject({ outcome: "delivered", response_status: 200 });
  expect(await attemptOf(unanswered.deliveryId)).toMatchObject({ outcome: "unknown", error_code: null });
  const [line, ...others] = gateway.logged(({ msg }) => msg === "the process stood still");
  expect(others).toEqual([]);
  expect(line?.level).toBe(40);
  expect(line?.["stood_ms"]).toBeGreaterThanOrEqual(FROZEN_MS - 100);
});
