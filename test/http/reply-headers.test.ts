import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import { exchange, listen } from "./raw-http.ts";

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

describe("every reply says that no browser may run, embed, keep or sniff it", () => {
  let gateway: Gateway;
  let port: number;
  let key: string;
  let endpoint: number;
  let delivery: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    port = await listen(gateway);
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
    delivery = await newDelivery(gateway, key, endpoint);
  });
  afterAll(() => gateway.stop());

  it.each([
    [200, "GET /v1/ping"],
    [200, "HEAD /v1/ping"],
    [200, "GET /v1/users/me"],
    [200, "GET /v1/deliveries/ID/payload"],
    [200, "GET /livez"],
    [200, "GET /metrics"],
    [404, "GET /nothing"],
    [405, "DELETE /v1/ping"],
    [415, "POST /v1/users", "x"],
    [400, "GET /v1/%zz"],
  ])("%i of %s", async (status, line, type = "") => {
    const [method = "GET", url = ""] = line.replace("ID", delivery).split(" ");
    const headers = { "x-api-key": key, ...(type !== "" && { "content-type": type }) };
    const reply = await gateway.app.inject({
      method: method as "GET",
      url,
      headers,
      ...(type !== "" && { payload: type }),
    });
    expect(reply.statusCode).toBe(status);
    expect(reply.headers).toMatchObject(HEADERS);
  });

  it("202 of a dispatch, which still has no body and says so", async () => {
    const reply = await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(endpoint, '{"a":1}') });
    expect(reply.headers).toMatchObject({ ...HEADERS, "content-length": "0" });
    expect(reply.headers).not.toHaveProperty("content-type");
  });

  it("200 of a stream", async () => {
    const reply = await ask(gateway, "GET /v1/audit/events", { key: TEST_STAFF_KEYS.auditor });
    expect(reply.headers).toMatchObject(HEADERS);
  });

  it.each([
    [400, "GARBAGE\r\n\r\n"],
    [400, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"],
    [431, `GET /v1/ping HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
  ])("%i of what never was a request", async (status, text) => {
    const [reply] = await exchange(port, text);
    expect(reply).toMatchObject({ status, headers: HEADERS });
  });
});
