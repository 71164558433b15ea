import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf, newEndpoint, newUser } from "./asking.ts";
import type { Reply } from "./asking.ts";

const REPLAYED = "idempotency-replayed";
const BODY = '{"order":42}';

function dispatch(gateway: Gateway, key: string, idempotencyKey: string, body: string): Promise<Reply> {
  return ask(gateway, "POST /v1/dispatch", { key, body, headers: { "idempotency-key": idempotencyKey } });
}

function idOf(reply: Reply): string {
  return String(reply.headers["x-delivery-id"]);
}

describe("a dispatch that is repeated after its endpoint changed", () => {
  let gateways: readonly [Gateway, Gateway];
  let key: string;
  let endpoints = 0;
  beforeAll(async () => {
    const storage = memoryStorage();
    const first = await startTestGateway({ deliver: false, storage: { ...storage, close: async () => undefined } });
    gateways = [first, await startTestGateway({ deliver: false, storage })];
    key = await newUser(first);
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop();
  });

  const another = (): Promise<number> => newEndpoint(gateways[0], key, `https://example.com/${(endpoints += 1)}`);

  it.each([
    ["deleted", "DELETE", "", undefined],
    ["disabled", "POST", "/disable", undefined],
    ["moved", "PATCH", "", { url: "https://example.com/moved" }],
  ])("gets the first 202 again though it was %s, on either instance", async (what, method, path, body) => {
    const endpoint = await another();
    const first = await dispatch(gateways[0], key, what, dispatchOf(endpoint, BODY));
    const changed = await ask(gateways[0], `${method} /v1/endpoints/${endpoint}${path}`, {
      key,
      ...(body !== undefined && { body }),
    });
    expect(changed.status).toBeLessThan(300);
    for (const gateway of gateways) {
      const again = await dispatch(gateway, key, what, dispatchOf(endpoint, BODY));
      expect([again.status, again.text]).toEqual([202, ""]);
      expect(again.headers).toMatchObject({ [REPLAYED]: "true", location: first.headers["location"] });
      expect(idOf(again)).toBe(idOf(first));
    }
  });

  it("is refused with another payload, whatever became of the endpoint", async () => {
    const endpoint = await another();
    await dispatch(gateways[0], key, "other", dispatchOf(endpoint, BODY));
    await ask(gateways[0], `DELETE /v1/endpoints/${endpoint}`, { key });
    for (const gateway of gateways) {
      const reply = await dispatch(gateway, key, "other", dispatchOf(endpoint, '{"order":43}'));
      expect([reply.status, reply.json()]).toMatchObject([
        422,
        { error: "Idempotency-Key was already used for another request" },
      ]);
    }
  });

  it("is unknown to a deleted endpoint with a free key, and with a stranger's", async () => {
    const endpoint = await another();
    await dispatch(gateways[0], key, "mine", dispatchOf(endpoint, BODY));
    await ask(gateways[0], `DELETE /v1/endpoints/${endpoint}`, { key });
    const stranger = await newUser(gateways[1]);
    const notFound = { error: `Endpoint with id ${endpoint} not found` };
    for (const [asker, idempotencyKey] of [
      [key, "unused"],
      [stranger, "mine"],
    ] as const) {
      const reply = await dispatch(gateways[1], asker, idempotencyKey, dispatchOf(endpoint, BODY));
      expect([reply.status, reply.json()]).toMatchObject([404, notFound]);
    }
  });
});
