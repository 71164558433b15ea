import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type { Position } from "../../src/events/store/position.ts";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, dispatchOf, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

/** So many wrong keys as these tests send would soon be refused. */
const ANY_NUMBER = { FAILED_KEYS_PER_MINUTE: "0" };

const PROTECTED = [
  "GET /v1/users/me",
  "POST /v1/endpoints",
  "POST /v1/dispatch",
  "GET /v1/deliveries",
  "GET /v1/deliveries/01890a5d-ac96-774b-bcce-b302099a8057",
  "GET /v1/deliveries/01890a5d-ac96-774b-bcce-b302099a8057?at=now",
  "GET /v1/deliveries/01890a5d-ac96-774b-bcce-b302099a8057/events",
  "GET /v1/deliveries/01890a5d-ac96-774b-bcce-b302099a8057/payload",
];

function expectNoKey(reply: Reply): void {
  expectError(reply, 400, "Missing or invalid API key");
}

describe("the API key", () => {
  let gateway: Gateway;
  let key: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false, env: ANY_NUMBER });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  it.each(PROTECTED)("is asked for by %s", async (line) => {
    const body = line.startsWith("POST") ? dispatchOf(1, '{"a":1}') : undefined;
    expectNoKey(await ask(gateway, line, { body }));
    expectNoKey(await ask(gateway, line, { body, key: "not-a-uuid" }));
    expectNoKey(await ask(gateway, line, { body, key: randomUUID() }));
  });

  it.each(PROTECTED)("is not an auditor's or operator's, for %s", async (line) => {
    const body = line.startsWith("POST") ? dispatchOf(1, '{"a":1}') : undefined;
    for (const staffKey of Object.values(TEST_STAFF_KEYS)) {
      const reply = await ask(gateway, line, { body, key: staffKey.toUpperCase() });
      expectError(reply, 403, "This API key is not for this route");
    }
  });

  it("is not asked for where it is not needed", async () => {
    expect((await ask(gateway, "GET /v1/ping", { key: "nonsense" })).status).toBe(200);
    const body = { username: "needs_no_key" };
    expect((await ask(gateway, "POST /v1/users", { key: "nonsense", body })).status).toBe(201);
  });

  it("is the same in upper case", async () => {
    expect((await ask(gateway, "GET /v1/users/me", { key: key.toUpperCase() })).status).toBe(200);
  });

  it("may not be sent twice, not even the same one", async () => {
    const headers = { "x-api-key": [key, key] };
    expectNoKey(await ask(gateway, "GET /v1/users/me", { headers }));
  });

  it("is a UUID and nothing around it", async () => {
    const spellings = [
      `{${key}}`,
      `urn:uuid:${key}`,
      key.replaceAll("-", ""),
      `${key},`,
      `${key}0`,
      `"${key}"`,
      "null",
    ];
    for (const spelling of spellings) expectNoKey(await ask(gateway, "GET /v1/users/me", { key: spelling }));
    expectNoKey(await ask(gateway, "GET /v1/users/me", { key: "00000000-0000-0000-0000-000000000000" }));
  });

  it("counts only in its own header", async () => {
    expectNoKey(await ask(gateway, "GET /v1/users/me", { headers: { authorization: `Bearer ${key}` } }));
    expectNoKey(await ask(gateway, `GET /v1/users/me?x-api-key=${key}`));
  });
});

describe("the order of the checks", () => {
  let gateway: Gateway;
  let key: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false, env: ANY_NUMBER });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  it("looks at the key before the body", async () => {
    const zipped = { "content-encoding": "gzip" };
    for (const line of ["POST /v1/endpoints", "POST /v1/dispatch"]) {
      expectNoKey(await ask(gateway, line, { key: randomUUID(), body: "{" }));
      expectNoKey(await ask(gateway, line, { body: "[]" }));
      expectNoKey(await ask(gateway, line, { body: " ".repeat(1_000_000) }));
      expectNoKey(await ask(gateway, line, { body: "x", headers: { "content-type": "text/plain" } }));
      expectNoKey(await ask(gateway, line, { body: "x", headers: zipped }));
      expectNoKey(await ask(gateway, line));
    }
  });

  it("looks at the form of a query after the key", async () => {
    expectNoKey(await ask(gateway, "GET /v1/deliveries?limit=0"));
  });

  it("parses before it asks whether a name is free", async () => {
    await ask(gateway, "POST /v1/users", { body: { username: "taken_name" } });
    expectBroken(await ask(gateway, "POST /v1/users", { body: '{"username":"taken_name"' }), "body must be valid JSON");
  });

  it("judges every rule before it asks whether a name is free", async () => {
    await ask(gateway, "POST /v1/users", { body: { username: "taken_too" } });
    expectBroken(
      await ask(gateway, "POST /v1/users", { body: { username: "taken_too", email: "nowhere" } }),
      "email must be a valid email address",
    );
    const url = "https://example.com/ordered";
    await newEndpoint(gateway, key, url);
    expectBroken(
      await ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "short" } }),
      "nickname must be between 6 and 30",
    );
  });

  it("judges the payload before it looks for the endpoint", async () => {
    expectBroken(
      await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(99, "{}") }),
      "payload must not be empty",
    );
  });
});

describe("a key that this instance has not heard of", () => {
  it("is waited for, and answered 503 when it is still unknown whether somebody has it", async () => {
    const inner = memoryStorage(standingClock);
    let behind = false;
    // From then on the log has an event that never comes: as if another instance had just written it.
    const head = async (): Promise<Position | null> => (behind ? positionOf(2 ** 50) : inner.store.head());
    const storage = { ...inner, store: withMethods(inner.store, { head }) };
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      now: () => Date.parse(NOW),
      schedule(milliseconds, callback) {
        if (!behind) return systemClock.schedule(milliseconds, callback);
        waits.push(milliseconds);
        return systemClock.schedule(0, callback);
      },
    };
    const gateway = await startTestGateway({ clock, storage, deliver: false });
    const key = await newUser(gateway);
    behind = true;
    const stranger = await ask(gateway, "GET /v1/users/me", { key: randomUUID() });
    expectError(stranger, 503, "Service temporarily unavailable");
    expect(stranger.headers["retry-after"]).toBe("1");
    // The one for the directory ends before the one for all that a request waits for.
    expect(Math.min(...waits)).toBe(4_000);
    expect((await ask(gateway, "GET /v1/users/me", { key })).status, "a known key waits for nothing").toBe(200);
    expect(waits.filter((wait) => wait === 4_000)).toHaveLength(1);
    behind = false;
    expectNoKey(await ask(gateway, "GET /v1/users/me", { key: randomUUID() }));
    await gateway.stop();
  });
});
