import fastify from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { eventsToAppend } from "../../src/commands/handling/command-context.ts";
import { deliveryStream } from "../../src/events/delivery.ts";
import type { Gateway } from "../../src/gateway.ts";
import { limitDispatches } from "../../src/http/dispatch/dispatch-limits.ts";
import { handleErrors } from "../../src/http/server/error-handler.ts";
import type { UserDocument } from "../../src/projections/users.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { newContext } from "../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, dispatchOf, newDelivery, newEndpoint, newUser } from "./asking.ts";
import type { Reply } from "./asking.ts";

const PAYLOAD = '{"a":1}';

describe("DISPATCHES_PER_SECOND", () => {
  const clock = new FakeClock();
  let gateway: Gateway;
  afterEach(() => gateway.stop());

  function expectTooMany(reply: Reply): void {
    expect(reply.status).toBe(429);
    expect(reply.json()).toMatchObject({
      error: "Too many dispatches",
      status_code: 429,
      details: { errors: ["at most 3 dispatches a second are taken"] },
    });
    expect(reply.headers["retry-after"]).toBe("1");
  }

  it("is what a user may send in a second, replayed and refused ones too, without a word to any other user", async () => {
    gateway = await startTestGateway({ clock, deliver: false, env: { DISPATCHES_PER_SECOND: "3" } });
    const [key, other] = [await newUser(gateway), await newUser(gateway)];
    const [own, others] = [await newEndpoint(gateway, key), await newEndpoint(gateway, other)];
    const send = (body = dispatchOf(own, PAYLOAD)): Promise<Reply> =>
      ask(gateway, "POST /v1/dispatch", { key, body, headers: { "idempotency-key": "the-same" } });
    expect((await send()).status).toBe(202);
    expect((await send()).status).toBe(202);
    expect((await send("{")).status).toBe(400);
    expectTooMany(await send());
    // It is refused before its body is read.
    expectTooMany(await send("{"));
    for (let n = 0; n < 3; n++) {
      const reply = await ask(gateway, "POST /v1/dispatch", { key: other, body: dispatchOf(others, PAYLOAD) });
      expect(reply.status).toBe(202);
    }
    expect((await ask(gateway, "GET /v1/deliveries", { key })).status).toBe(200);
    await clock.advance(999);
    expectTooMany(await send());
    await clock.advance(1);
    expect((await send()).status).toBe(202);
  });

  it("is any number unless it is set", async () => {
    gateway = await startTestGateway({ clock, deliver: false });
    const key = await newUser(gateway);
    const body = dispatchOf(await newEndpoint(gateway, key), PAYLOAD);
    for (let n = 0; n < 200; n++) expect((await ask(gateway, "POST /v1/dispatch", { key, body })).status).toBe(202);
  });
});

describe("MAX_PENDING_PER_USER", () => {
  it("is how many deliveries of a user may wait for their end, over all endpoints", async () => {
    let ahead = 0;
    const clock: Clock = {
      ...systemClock,
      now: () => Date.parse(NOW) + ahead,
      monotonic: () => ahead,
    };
    const storage = memoryStorage(clock);
    await using stack = new AsyncDisposableStack();
    const gateway = await startTestGateway({ clock, storage, deliver: false, env: { MAX_PENDING_PER_USER: "3" } });
    stack.defer(() => gateway.stop());
    const [key, other] = [await newUser(gateway), await newUser(gateway)];
    const [one, two] = [await newEndpoint(gateway, key), await newEndpoint(gateway, key, "https://example.com/two")];
    for (const endpoint of [one, two, two]) await newDelivery(gateway, key, endpoint);
    // A figure is at most a second old; a dispatch that finds an older one is taken by that, and has it read again.
    const next = async (): Promise<Reply> => {
      ahead += 1_000;
      return ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(one, PAYLOAD) });
    };
    const until = (status: number): Promise<void> => expect.poll(async () => (await next()).status).toBe(status);
    await until(429);
    expect((await next()).json()).toMatchObject({
      error: "Too many pending deliveries",
      details: { errors: ["at most 3 deliveries may be pending"] },
    });
    expect((await ask(gateway, `POST /v1/endpoints/${one}/test`, { key })).status).toBe(429);
    await newDelivery(gateway, other, await newEndpoint(gateway, other));

    const list = (await ask(gateway, "GET /v1/deliveries", { key })).json() as { data: { id: string }[] };
    expect(list.data.length).toBeLessThanOrEqual(5);
    for (const { id } of list.data) {
      const data = { deliveryId: id, reason: "endpoint_deleted", canceledAt: NOW } as const;
      const events = eventsToAppend([{ type: "DeliveryCanceled", data }], newContext());
      await storage.store.append(deliveryStream(id), events, "any");
    }
    await until(202);
  });
});

describe("the limits of a dispatch", () => {
  const none = { dispatchesPerSecond: 0, maxPendingPerUser: 0 };
  const clock = new FakeClock();

  it("cost nothing when they are off", () => {
    expect(limitDispatches(none, () => Promise.resolve(0), clock)).toEqual([]);
  });

  it("refuse a user with a full backlog until some have ended, and no other user", async () => {
    const pending = new Map([
      [1, 500],
      [2, 499],
    ]);
    const pendingOf = (userId: number): Promise<number> => Promise.resolve(pending.get(userId) ?? 0);
    const app = fastify();
    handleErrors(app, clock);
    app.decorateRequest("user", null);
    app.addHook("onRequest", (request, _reply, done) => {
      request.user = { user_id: Number(request.headers["x-user"]) } as UserDocument;
      done();
    });
    const onRequest = limitDispatches({ ...none, maxPendingPerUser: 500 }, pendingOf, clock);
    app.post("/", { onRequest }, (_request, reply) => reply.code(202).send());
    const send = (user: number) => app.inject({ method: "POST", url: "/", headers: { "x-user": String(user) } });

    expect((await send(1)).statusCode).toBe(202);
    const refused = await send(1);
    expect(refused.json()).toEqual({
      error: "Too many pending deliveries",
      status_code: 429,
      timestamp: clock.iso,
      details: { errors: ["at most 500 deliveries may be pending"] },
    });
    expect(refused.headers["retry-after"]).toBe("5");
    expect([(await send(2)).statusCode, (await send(2)).statusCode]).toEqual([202, 202]);

    pending.set(1, 499);
    await clock.advance(1_000);
    expect((await send(1)).statusCode).toBe(429);
    expect((await send(1)).statusCode).toBe(202);
    await app.close();
  });
});
