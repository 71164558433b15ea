import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver } from "../fixtures/receivers/receiver.ts";
import { ask, newDelivery, newEndpoint, newUser } from "./asking.ts";

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly completed_at: string | null;
  readonly failure_reason: string | null;
  readonly attempt_log: readonly Record<string, unknown>[];
}

const ATTEMPT_MEMBERS = [
  "number",
  "round",
  "started_at",
  "duration_ms",
  "outcome",
  "url",
  "response_status",
  "response_body",
  "response_truncated",
  "error_code",
  "next_attempt_at",
  "connections",
];

describe("what a client sees of a delivery's attempts", () => {
  let receiver: Receiver;
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    receiver = await startReceiver();
    // So fast that five attempts are over in no time.
    const env = { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32", RETRY_UNIT_SECONDS: "0.001", RETRY_TICK_SECONDS: "0.01" };
    gateway = await startTestGateway({ env });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key, receiver.url("/hook?a=1"));
  });
  afterAll(async () => {
    await gateway.stop();
    await receiver.close();
  });

  /** The delivery once it has ended. */
  function ended(id: string): Promise<Delivery> {
    return vi.waitFor(
      async () => {
        const delivery = (await ask(gateway, `GET /v1/deliveries/${id}`, { key })).json() as Delivery;
        expect(delivery.status).not.toBe("PENDING");
        return delivery;
      },
      { timeout: 20_000, interval: 20 },
    );
  }

  async function listed(status: string): Promise<string[]> {
    const list = await ask(gateway, `GET /v1/deliveries?status=${status}`, { key });
    return (list.json() as { data: Delivery[] }).data.map(({ id }) => id);
  }

  it("is the answer that it succeeded with", async () => {
    receiver.answer(respondWith(201, "thank you"));
    const delivery = await ended(await newDelivery(gateway, key, endpoint));
    expect(delivery).toMatchObject({ status: "SUCCESS", attempts: 1, next_attempt_at: null, failure_reason: null });
    expect(delivery.completed_at).not.toBeNull();
    expect(delivery.attempt_log.map((attempt) => Object.keys(attempt))).toEqual([ATTEMPT_MEMBERS]);
    expect(delivery.attempt_log[0]).toMatchObject({
      number: 1,
      round: 1,
      outcome: "delivered",
      url: receiver.url("/hook?a=1"),
      response_status: 201,
      response_body: "thank you",
      response_truncated: false,
      error_code: null,
      next_attempt_at: null,
    });
    expect(await listed("SUCCESS")).toContain(delivery.id);
    expect(await listed("FAILED")).not.toContain(delivery.id);
  });

  it("is each of the five that it failed with", async () => {
    receiver.answer(respondWith(503, "\u0000\u001b[31mlater"));
    const delivery = await ended(await newDelivery(gateway, key, endpoint));
    expect(delivery).toMatchObject({ status: "FAILED", attempts: 5, next_attempt_at: null });
    expect(delivery.completed_at).not.toBeNull();
    expect(delivery.failure_reason).not.toBeNull();
    expect(delivery.attempt_log.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    for (const attempt of delivery.attempt_log) {
      expect(attempt).toMatchObject({ outcome: "failed", response_status: 503, error_code: "http_status" });
      expect(attempt["response_body"]).toBe("[31mlater");
    }
    expect(delivery.attempt_log.map((attempt) => attempt["next_attempt_at"] === null)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(await listed("FAILED")).toEqual([delivery.id]);
  });

  it("is no address, where a name or a port did not answer", async () => {
    const closed = await startReceiver();
    await closed.close();
    const dead = await newEndpoint(gateway, key, closed.url());
    const reply = await ask(gateway, `GET /v1/deliveries/${(await ended(await newDelivery(gateway, key, dead))).id}`, {
      key,
    });
    const { attempt_log } = reply.json() as Delivery;
    expect(attempt_log[0]).toMatchObject({
      outcome: "failed",
      error_code: "refused",
      response_status: null,
      response_body: null,
    });
    expect(reply.text).not.toMatch(/ECONNREFUSED|connect\b/);
  });
});
