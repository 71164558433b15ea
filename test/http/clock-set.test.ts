import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { figure } from "../fixtures/prometheus.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ask, newDelivery, newEndpoint, newUser } from "./asking.ts";

const HOUR_MS = 3_600_000;
const ATTEMPT_MS = 1_500;
/** On top of it comes what the test itself takes, which is less than its own limit. */
const MOST_MS = ATTEMPT_MS + 30_000;

function expectDuration(milliseconds: unknown): void {
  expect(milliseconds).toBeGreaterThanOrEqual(ATTEMPT_MS);
  expect(milliseconds).toBeLessThan(MOST_MS);
}

describe.each([
  ["forward", HOUR_MS],
  ["back", -HOUR_MS],
])("an attempt of 1.5 s during which the wall clock is set %s by an hour", (_name, stepMs) => {
  it("has its real duration in the log, the API, the metrics and the statistics", async () => {
    let passedMs = 0;
    let aheadMs = 0;
    const clock: Clock = {
      ...systemClock,
      now: () => Math.floor(systemClock.now() + passedMs + aheadMs),
      monotonic: () => systemClock.monotonic() + passedMs,
    };
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(), (it) => it.close());
    receiver.answer((socket, request) => {
      passedMs += ATTEMPT_MS;
      aheadMs += stepMs;
      respondWith(200)(socket, request);
    });
    const env = { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" };
    const gateway = stack.adopt(await startTestGateway({ env, clock }), (it) => it.stop());
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key, receiver.url("/hook"));
    const id = await newDelivery(gateway, key, endpoint);
    const reply = async (path: string): Promise<unknown> => (await ask(gateway, `GET ${path}`, { key })).json();
    interface Delivery {
      readonly status: string;
      readonly attempt_log: readonly { readonly duration_ms: number }[];
    }
    await expect.poll(() => reply(`/v1/deliveries/${id}`), { timeout: 20_000 }).toMatchObject({ status: "SUCCESS" });

    expectDuration(((await reply(`/v1/deliveries/${id}`)) as Delivery).attempt_log[0]?.duration_ms);
    const events = (await reply(`/v1/deliveries/${id}/events`)) as {
      data: { type: string; data: { duration_ms: number } }[];
    };
    expectDuration(events.data.find(({ type }) => type === "DeliveryAttempted")?.data.duration_ms);
    const { body: metrics } = await gateway.app.inject({ method: "GET", url: "/metrics" });
    expectDuration(figure(metrics, 'webhook_attempt_duration_seconds_sum{outcome="delivered"}') * 1_000);
    const statistics = async (): Promise<number | undefined> => {
      const { data } = (await reply(`/v1/endpoints/${endpoint}/statistics`)) as {
        data: { p50_duration_ms: number }[];
      };
      return data[0]?.p50_duration_ms;
    };
    await expect.poll(statistics, { timeout: 20_000 }).toBeDefined();
    expectDuration(await statistics());
  });
});
