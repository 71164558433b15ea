import { afterEach, describe, expect, it } from "vitest";
import { eventsToAppend } from "../../src/commands/handling/command-context.ts";
import { endpointStream } from "../../src/events/endpoint.ts";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { newContext } from "../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { registered } from "../specification/endpoint-story.ts";
import { NOW, ask, dispatchOf, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

describe("a test delivery", () => {
  let gateway: Gateway;
  afterEach(() => gateway.stop());

  const send = (key: string, id: number, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
    ask(gateway, `POST /v1/endpoints/${id}/test`, { key, headers });

  it("is accepted as a dispatch is, with a payload that says what it is", async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    const [one, another] = [await send(key, id), await send(key, id)];
    expect([one.status, another.status]).toEqual([202, 202]);
    const delivery = String(one.headers["x-delivery-id"]);
    expect(another.headers["x-delivery-id"]).not.toBe(delivery);
    expect((await ask(gateway, `GET /v1/deliveries/${delivery}/payload`, { key })).text).toBe(
      `{"type":"endpoint.test","timestamp":"${NOW}","data":{"endpoint_id":${id}}}`,
    );
    expect((await ask(gateway, `GET /v1/deliveries/${delivery}`, { key })).json()).toMatchObject({
      endpoint_id: id,
      status: "PENDING",
    });
  });

  it("is not sent to an endpoint that is disabled, until it is enabled again", async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    await ask(gateway, `POST /v1/endpoints/${id}/disable`, { key });
    expectError(await send(key, id), 409, "Endpoint is disabled");
    expect((await ask(gateway, "GET /v1/deliveries", { key })).text).toBe('{"data":[],"next_cursor":null}');
    await ask(gateway, `POST /v1/endpoints/${id}/enable`, { key });
    expect((await send(key, id)).status).toBe(202);
  });

  it("is not sent to an address that may no longer be a target", async () => {
    const storage = memoryStorage(standingClock);
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
    const key = await newUser(gateway);
    // Registered when DELIVERY_ALLOW_CIDRS still opened it.
    const events = [registered({ endpointId: 7, userId: 1, url: "http://127.0.0.2:8081/hook" })];
    await storage.store.append(endpointStream(7), eventsToAppend(events, newContext()), "no_stream");
    expectBroken(await send(key, 7), "url must not point to a local address");
  });

  it("is made once for an Idempotency-Key, whenever it is repeated and whatever became of its endpoint", async () => {
    const clock = new FakeClock();
    gateway = await startTestGateway({ clock, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    const once = { "idempotency-key": "once", "webhook-reference": "trial" };
    const first = await send(key, id, once);
    expect(first.status).toBe(202);
    expect(first.headers).not.toHaveProperty("idempotency-replayed");
    const expectReplayed = (reply: Reply): void => {
      expect(reply.status).toBe(202);
      const names = ["x-delivery-id", "location"] as const;
      for (const name of names) expect(reply.headers[name]).toBe(first.headers[name]);
      expect(reply.headers["idempotency-replayed"]).toBe("true");
    };
    await clock.advance(1_000);
    expectReplayed(await send(key, id, once));
    await ask(gateway, `POST /v1/endpoints/${id}/disable`, { key });
    expectReplayed(await send(key, id, once));
    expect((await send(key, id, { "idempotency-key": "another" })).status).toBe(409);
    await ask(gateway, `DELETE /v1/endpoints/${id}`, { key });
    expectReplayed(await send(key, id, once));
    expect((await send(key, id)).status).toBe(404);
    const list = (await ask(gateway, "GET /v1/deliveries?reference=trial", { key })).json();
    expect(list).toMatchObject({ data: [{ id: first.headers["x-delivery-id"], reference: "trial" }] });
    expect((list as { data: unknown[] }).data).toHaveLength(1);
  });

  it("is one delivery when requests with one Idempotency-Key come at once, at times that differ", async () => {
    let ticks = standingClock.now();
    const ticking = { ...standingClock, now: () => (ticks += 1) };
    gateway = await startTestGateway({ clock: ticking, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    const replies = await Promise.all(Array.from({ length: 20 }, () => send(key, id, { "idempotency-key": "burst" })));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(replies.map(({ headers }) => headers["x-delivery-id"])).size).toBe(1);
    expect(replies.filter(({ headers }) => headers["idempotency-replayed"] === undefined)).toHaveLength(1);
  });

  it("shares its keys and references with dispatches, and refuses both headers by the same rules", async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    const other = await newEndpoint(gateway, key, "https://example.com/other");
    const dispatched = { key, body: dispatchOf(id, '{"a":1}'), headers: { "idempotency-key": "dispatched" } };
    expect((await ask(gateway, "POST /v1/dispatch", dispatched)).status).toBe(202);
    expect((await send(key, id, { "idempotency-key": "tested", "webhook-reference": "a" })).status).toBe(202);
    for (const [endpoint, headers] of [
      [id, { "idempotency-key": "dispatched" }],
      [other, { "idempotency-key": "tested", "webhook-reference": "a" }],
      [id, { "idempotency-key": "tested", "webhook-reference": "b" }],
      [id, { "idempotency-key": "tested" }],
    ] as const) {
      const reply = await send(key, endpoint, headers);
      expectError(reply, 422, "Idempotency-Key was already used for another request");
    }
    const badKey = "Idempotency-Key must be 1 to 255 visible ASCII characters";
    expectBroken(await send(key, id, { "idempotency-key": "a b" }), badKey);
    const badReference = "Webhook-Reference must be between 1 and 128 characters";
    expectBroken(await send(key, id, { "webhook-reference": "x".repeat(129) }), badReference);
    const theirs = await newUser(gateway);
    expect((await send(theirs, id, { "idempotency-key": "tested", "webhook-reference": "a" })).status).toBe(403);
  });

  it("counts to what a user may send in a second, together with every dispatch", async () => {
    const clock = new FakeClock();
    gateway = await startTestGateway({ clock, deliver: false, env: { DISPATCHES_PER_SECOND: "2" } });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    expect((await send(key, id)).status).toBe(202);
    expect((await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(id, '{"a":1}') })).status).toBe(202);
    expect((await send(key, id)).status).toBe(429);
    await clock.advance(1_000);
    expect((await send(key, id)).status).toBe(202);
  });
});
