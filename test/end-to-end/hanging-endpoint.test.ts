import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

const HEALTHY = 50;
const HANGING = 200;
/** Rounds of healthy deliveries. */
const ROUNDS = 7;
/** How many attempts to one endpoint are under way at once. */
const AT_ONCE = 5;
/** How long the healthy receiver works on a request, in ms. */
const WORK_MS = 10;

/** A gateway with a healthy receiver and one that never answers, until the stack is disposed. */
async function surroundings(stack: AsyncDisposableStack, timeoutMs: number) {
  const answer = respondWith(200);
  const healthy = stack.adopt(
    await startReceiver((socket, request) => void setTimeout(() => answer(socket, request), WORK_MS)),
    (it) => it.close(),
  );
  const blackHole = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
  const folder = stack.use(new TemporaryFolder());
  // Waits of a minute, so that every hanging delivery has its first attempt while the test looks, and no second one.
  const env = { DELIVERY_TIMEOUT_MS: `${timeoutMs}` };
  const gateway = stack.use(await GatewayProcess.start(folder.path, env));
  const api = await ApiClient.createUser(await gateway.ready);
  const dispatchTo = (id: number, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, n) => api.dispatch(id, `{"n":${n}}`)));
  return { api, healthy, blackHole, dispatchTo };
}

it.concurrent("delivers to a healthy endpoint while one that never answers holds all of its own attempts", async () => {
  await using stack = new AsyncDisposableStack();
  // No attempt ends while the test runs: were the slots shared, nothing would arrive.
  const { api, healthy, blackHole, dispatchTo } = await surroundings(stack, 600_000);
  const hangingEndpoint = await api.createEndpoint(blackHole.url());
  const endpoint = await api.createEndpoint(healthy.url());
  await dispatchTo(hangingEndpoint, HANGING);
  await blackHole.received(AT_ONCE);
  for (let round = 1; round <= ROUNDS; round += 1) {
    await dispatchTo(endpoint, HEALTHY);
    await healthy.received(round * HEALTHY);
  }
  // All of them arrived beside the same few that hang, and before the others of theirs.
  expect(blackHole.requests).toHaveLength(AT_ONCE);
});

// Most of this is waiting for deadlines, beside the other one.
it.concurrent("gives every attempt to an endpoint that never answers up at its deadline", async () => {
  const timeoutMs = 250;
  await using stack = new AsyncDisposableStack();
  const { api, blackHole, dispatchTo } = await surroundings(stack, timeoutMs);
  const hangingEndpoint = await api.createEndpoint(blackHole.url());
  await dispatchTo(hangingEndpoint, HANGING);
  const attempts = await until(
    "the first attempt of every hanging delivery",
    async () => {
      const deliveries = await api.deliveries(`endpoint_id=${hangingEndpoint}`);
      const firsts = deliveries.flatMap(({ attempt_log: log }) => log.slice(0, 1));
      return firsts.length === HANGING && firsts;
    },
    100_000,
  );
  for (const { error_code: code, duration_ms: durationMs } of attempts) {
    expect(code).toBe("timeout");
    // Timers count whole milliseconds and may seem early by one.
    expect(durationMs).toBeGreaterThanOrEqual(timeoutMs - 1);
  }
});
