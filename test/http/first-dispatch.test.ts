import { describe, expect, it } from "vitest";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ask, newEndpoint, newUser } from "./asking.ts";

describe("a dispatch", () => {
  it("reaches its endpoint with the very bytes of the payload", async () => {
    const receiver = await startReceiver(respondWith(200));
    const gateway = await startTestGateway({ env: { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" } });
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key, receiver.url());
    const payload = `{ "b":1.0, "a" : [1e400, "\\u00e9"] , "b":2 }`;
    const body = `{"endpoint_id":${endpoint}, "payload": ${payload} }`;
    expect((await ask(gateway, "POST /v1/dispatch", { key, body })).status).toBe(202);
    await receiver.received(1);
    await gateway.stop();
    await receiver.close();
    expect(receiver.requests[0]?.body.toString()).toBe(payload);
  });
});
