import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { nastyPayloads } from "../fixtures/nasty-json.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver } from "../fixtures/receivers/receiver.ts";
import { ask, dispatchOf, newDelivery, newEndpoint, newUser } from "./asking.ts";

describe("the bytes of a payload", () => {
  let receiver: Receiver;
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    receiver = await startReceiver(respondWith(200));
    gateway = await startTestGateway({ env: { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" } });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key, receiver.url());
  });
  afterAll(async () => {
    await gateway.stop();
    await receiver.close();
  });

  it("are tried with enough payloads here", () => {
    expect(nastyPayloads.length).toBeGreaterThanOrEqual(60);
  });

  it.each(nastyPayloads)("are the same on every way: $name", async ({ text }) => {
    const bytes = Buffer.from(text);
    const before = receiver.requests.length;
    const id = await newDelivery(gateway, key, endpoint, text);

    const [sent] = (await receiver.received(before + 1)).slice(before);
    expect(sent?.body.equals(bytes)).toBe(true);
    expect(sent).toMatchObject({ method: "POST", headers: { "content-type": "application/json" } });

    const payload = await ask(gateway, `GET /v1/deliveries/${id}/payload`, { key });
    expect(payload.bytes.equals(bytes)).toBe(true);
    expect(payload.headers["content-length"]).toBe(String(bytes.length));

    const delivery = await ask(gateway, `GET /v1/deliveries/${id}`, { key });
    expect(delivery.json()).toMatchObject({
      payload_bytes: bytes.length,
      payload_sha256: createHash("sha256").update(bytes).digest("hex"),
    });
  });

  it("are those of the last member of that name, without the white space around", async () => {
    const bodies: readonly (readonly [body: string, payload: string])[] = [
      [`{"payload":{"a":1},"endpoint_id":${endpoint},"payload": { "b" : 2 } }`, '{ "b" : 2 }'],
      [`{"payload":{"a":1},"endpoint_id":${endpoint},"p\\u0061yload":{"c":3}}`, '{"c":3}'],
      [` \r\n{"payload"\t:\n\t{"d":4}\r\n,"endpoint_id":${endpoint}}\n`, '{"d":4}'],
      [`\ufeff${dispatchOf(endpoint, '{"\ufeff":5}')}`, '{"\ufeff":5}'],
    ];
    for (const [body, text] of bodies) {
      const accepted = await ask(gateway, "POST /v1/dispatch", { key, body });
      const payload = await ask(gateway, `GET ${String(accepted.headers["location"])}/payload`, { key });
      expect(payload.text).toBe(text);
    }
  });
});
