import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "./api-client.ts";
import { until } from "./until.ts";

const HEALTHY = 50;
const HANGING = 200;
/** Rounds with and without the black hole; an odd number, so that there is one in the middle. */
const ROUNDS = 7;
/** So that five at a time of the black hole's 200 last longer than all rounds beside it, in ms. */
const TIMEOUT_MS = 250;
/** How long the healthy receiver works on a request, in ms. */
const WORK_MS = 10;

/** Waits of a minute, so that every hanging delivery has its first attempt while the test looks, and no second one. */
const ENV = { DELIVERY_TIMEOUT_MS: `${TIMEOUT_MS}` };

it("delivers to a healthy endpoint as fast beside one that never answers", { timeout: 120_000 }, async () => {
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
  const [hangingEndpoint, endpoint] = [
    await api.createEndpoint(blackHole.url()),
    await api.createEndpoint(healthy.url()),
  ];

  const dispatchTo = (id: number, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, n) => api.dispatch(id, `{"n":${n}}`)));
  /** How long it takes until all deliveries of a round to the healthy endpoint arrived, in ms, in the middle of some. */
  const middleRound = async (): Promise<number> => {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const startedAt = performance.now();
      const arrived = healthy.received(healthy.requests.length + HEALTHY);
      await dispatchTo(endpoint, HEALTHY);
      await arrived;
      rounds.push(performance.now() - startedAt);
    }
    return rounds.sort((a, b) => a - b)[(ROUNDS - 1) / 2]!;
  };

  // The first rounds are slower than any later one, since nothing has run before.
  await middleRound();
  const alone = await middleRound();
  await dispatchTo(hangingEndpoint, HANGING);
  await blackHole.received(1);
  const beside = await middleRound();
  const unsent = HANGING - blackHole.requests.length;
  console.log(`${HEALTHY} healthy ones alone ${alone.toFixed()} ms, beside the black hole ${beside.toFixed()} ms`);
  // Without this the rounds were not beside it.
  expect(unsent).toBeGreaterThan(0);
  // Were the slots shared, they would wait for the black hole's: 40 times a quarter of a second.
  expect(beside).toBeLessThan(alone * 2);

  const attempts = await until(
    "the first attempt of every hanging delivery",
    async () => {
      const deliveries = await api.deliveries(`endpoint_id=${hangingEndpoint}`);
      const firsts = deliveries.flatMap(({ attempt_log: log }) => log.slice(0, 1));
      return firsts.length === HANGING && firsts;
    },
    60_000,
  );
  for (const { error_code: code, duration_ms: durationMs } of attempts) {
    expect(code).toBe("timeout");
    // Timers count whole milliseconds and may seem early by one.
    expect(durationMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 1);
    expect(durationMs).toBeLessThan(TIMEOUT_MS + 2_000);
  }
});
