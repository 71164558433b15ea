import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receiver.ts";
import { ApiClient } from "./api-client.ts";
import { until } from "./until.ts";

const HEALTHY = 3;
const EACH = 50;
const HANGING = 200;
const TIMEOUT_MS = 250;
/** How long a healthy receiver works on a request, in ms. */
const WORK_MS = 10;

/** Waits of a minute, so that every hanging delivery has its first attempt while the test looks, and no second one. */
const ENV = { DELIVERY_TIMEOUT_MS: `${TIMEOUT_MS}` };

/** How long it takes until all deliveries to the healthy endpoints arrived, in ms, and what became of the hanging ones. */
async function run(hanging: number): Promise<{ healthyMs: number; attempts: [string | null, number][] }> {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const answer = respondWith(200);
  const healthy = stack.adopt(
    await startReceiver((socket, request) => void setTimeout(() => answer(socket, request), WORK_MS)),
    (it) => it.close(),
  );
  const blackHole = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path, ENV);
  const api = await ApiClient.createUser(await gateway.ready);
  const hangingEndpoint = await api.createEndpoint(blackHole.url());
  const endpoints: number[] = [];
  for (let n = 0; n < HEALTHY; n += 1) endpoints.push(await api.createEndpoint(healthy.url(`/${n}`)));

  await Promise.all(Array.from({ length: hanging }, (_, n) => api.dispatch(hangingEndpoint, `{"n":${n}}`)));
  const startedAt = performance.now();
  const dispatches = endpoints.flatMap((endpoint) =>
    Array.from({ length: EACH }, (_, n) => api.dispatch(endpoint, `{"n":${n}}`)),
  );
  await healthy.received(HEALTHY * EACH);
  const healthyMs = performance.now() - startedAt;
  await Promise.all(dispatches);

  const attempts = await until("the first attempt of every hanging delivery", async () => {
    const deliveries = await api.deliveries(`endpoint_id=${hangingEndpoint}`);
    const logs = deliveries.map(({ attempt_log: [first] }) => first).filter((attempt) => attempt !== undefined);
    return logs.length === hanging && logs.map(({ error_code, duration_ms }) => [error_code, duration_ms]);
  });
  return { healthyMs, attempts: attempts as [string | null, number][] };
}

it("delivers to healthy endpoints as fast beside one that never answers", { timeout: 60_000 }, async () => {
  const alone = await run(0);
  const beside = await run(HANGING);
  console.log(`healthy alone ${alone.healthyMs.toFixed()} ms, beside ${beside.healthyMs.toFixed()} ms`);
  // Half a second for what else the machine does. Were the slots shared, it would be 200 / 5 * 250 ms = 10 s.
  expect(beside.healthyMs).toBeLessThan(alone.healthyMs * 2 + 500);

  expect(beside.attempts).toHaveLength(HANGING);
  for (const [code, durationMs] of beside.attempts) {
    expect(code).toBe("timeout");
    // Timers count whole milliseconds and may seem early by one.
    expect(durationMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 1);
    expect(durationMs).toBeLessThan(TIMEOUT_MS + 2_000);
  }
});
