import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import {
  ask,
  dispatchOf,
  errorText,
  expectBroken,
  expectError,
  newEndpoint,
  newUser,
  standingClock,
} from "./asking.ts";
import type { Reply } from "./asking.ts";

const REPLAYED = "idempotency-replayed";

function dispatch(gateway: Gateway, key: string, idempotencyKey: string | string[], body: string): Promise<Reply> {
  return ask(gateway, "POST /v1/dispatch", { key, body, headers: { "idempotency-key": idempotencyKey } });
}

function idOf(reply: Reply): string {
  return String(reply.headers["x-delivery-id"]);
}

describe("a dispatch with an Idempotency-Key", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  async function deliveries(): Promise<number> {
    const list = await ask(gateway, "GET /v1/deliveries?limit=100", { key });
    return (list.json() as { data: unknown[] }).data.length;
  }

  it("gets the first 202 again for the same body, and says so", async () => {
    const before = await deliveries();
    const body = dispatchOf(endpoint, '{"a":1}');
    const first = await dispatch(gateway, key, "again", body);
    expect(first.headers).not.toHaveProperty(REPLAYED);
    for (let n = 0; n < 3; n++) {
      const repeated = await dispatch(gateway, key, "again", body);
      expect(repeated.headers).toMatchObject({ [REPLAYED]: "true", location: first.headers["location"] });
      expect(idOf(repeated)).toBe(idOf(first));
    }
    expect(await deliveries()).toBe(before + 1);
  });

  it("refuses the same key for another payload or endpoint, to the byte", async () => {
    const other = await newEndpoint(gateway, key, "https://example.com/other");
    await dispatch(gateway, key, "taken", dispatchOf(endpoint, '{"a":1}'));
    for (const body of [
      dispatchOf(endpoint, '{"a":2}'),
      dispatchOf(endpoint, '{"a": 1}'),
      dispatchOf(other, '{"a":1}'),
    ]) {
      const reply = await dispatch(gateway, key, "taken", body);
      expectError(reply, 422, "Idempotency-Key was already used for another request");
    }
  });

  it("is another one for another key, and for none", async () => {
    const body = dispatchOf(endpoint, '{"b":1}');
    const ids = [
      idOf(await dispatch(gateway, key, "one", body)),
      idOf(await dispatch(gateway, key, "One", body)),
      idOf(await ask(gateway, "POST /v1/dispatch", { key, body })),
      idOf(await ask(gateway, "POST /v1/dispatch", { key, body })),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  it("is its user's own", async () => {
    const other = await newUser(gateway);
    const theirs = await newEndpoint(gateway, other);
    const mine = await dispatch(gateway, key, "shared", dispatchOf(endpoint, '{"a":1}'));
    const reply = await dispatch(gateway, other, "shared", dispatchOf(theirs, '{"a":1}'));
    expect(reply.headers).not.toHaveProperty(REPLAYED);
    expect(idOf(reply)).not.toBe(idOf(mine));
  });

  it("leaves the key free when it is refused", async () => {
    expectBroken(await dispatch(gateway, key, "free", dispatchOf(endpoint, "{}")), "payload must not be empty");
    expect((await dispatch(gateway, key, "free", dispatchOf(999, '{"a":1}'))).status).toBe(404);
    expect((await dispatch(gateway, key, "free", dispatchOf(endpoint, '{"a":1}'))).headers).not.toHaveProperty(
      REPLAYED,
    );
  });

  it.each([
    ["with a blank", "a b"],
    ["of 256 characters", "k".repeat(256)],
    ["beyond ASCII", "clé"],
    ["with a tab", "a\tb"],
    ["with DEL", "a\u007f"],
    ["sent twice", ["a", "a"]],
  ])("is refused %s", async (_name, bad) => {
    const reply = await dispatch(gateway, key, bad, dispatchOf(endpoint, '{"a":1}'));
    expectBroken(reply, "Idempotency-Key must be 1 to 255 visible ASCII characters");
  });

  it("is refused with an empty one", async () => {
    // `ask` leaves empty headers out.
    const reply = await gateway.app.inject({
      method: "POST",
      url: "/v1/dispatch",
      headers: { "x-api-key": key, "content-type": "application/json", "idempotency-key": "" },
      payload: dispatchOf(endpoint, '{"a":1}'),
    });
    const message = "Idempotency-Key must be 1 to 255 visible ASCII characters";
    expect(reply.body).toBe(errorText(400, "Some fields are missing or invalid", [message]));
  });

  it("takes every visible ASCII character, and 255 of them", async () => {
    const visible = Array.from({ length: 94 }, (_, n) => String.fromCharCode(0x21 + n)).join("");
    for (const good of [visible, "k".repeat(255), "k"]) {
      expect((await dispatch(gateway, key, good, dispatchOf(endpoint, '{"a":1}'))).status).toBe(202);
    }
  });
});

describe("many dispatches with one Idempotency-Key at once, on two instances", () => {
  it("are one delivery, which is sent once", async () => {
    const receiver = await startReceiver(respondWith(200));
    const env = { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" };
    const storage = memoryStorage();
    const first = await startTestGateway({ env, storage: { ...storage, close: async () => undefined } });
    const second = await startTestGateway({ env, storage });
    const key = await newUser(first);
    const endpoint = await newEndpoint(first, key, receiver.url());
    const body = dispatchOf(endpoint, '{"once":true}');

    const calls = Array.from({ length: 50 }, (_, n) => dispatch(n % 2 === 0 ? first : second, key, "burst", body));
    const replies = await Promise.all(calls);
    expect(new Set(replies.map(idOf)).size).toBe(1);
    expect(replies.filter(({ headers }) => headers[REPLAYED] === undefined)).toHaveLength(1);

    await receiver.received(1);
    // Stopping lets every attempt under way end, so that a second one would be here by then.
    await first.stop();
    await second.stop();
    await receiver.close();
    expect(receiver.requests).toHaveLength(1);
  });
});
