import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventStore } from "../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { ReadModelsUnavailable } from "../../src/projections/store/document-store.ts";
import type { DocumentStore } from "../../src/projections/store/document-store.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { FakeSender, delivered, refusedWith } from "../fixtures/processes/fake-sender.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { until } from "../fixtures/until.ts";
import { NOW, ask, newDelivery, newEndpoint, newUser } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

const { operator } = TEST_STAFF_KEYS;

interface Row {
  readonly id: number;
  readonly failures: number;
  readonly pending: number;
}

describe("how a gateway is", () => {
  let now = Date.parse(NOW);
  const clock: Clock = { ...systemClock, now: () => now };
  let isDown = false;
  const inner = memoryStorage(clock);
  const orDown = <T>(read: () => Promise<T>): Promise<T> =>
    isDown ? Promise.reject(new ReadModelsUnavailable("MongoDB is down")) : read();
  const storage = {
    ...inner,
    documents: withMethods<DocumentStore>(inner.documents, {
      find: (...call) => orDown(() => inner.documents.find(...call)),
    }),
    store: withMethods<EventStore>(inner.store, {
      head: () => (isDown ? Promise.reject(new StoreUnavailable("the log is down")) : inner.store.head()),
    }),
  };
  let gateway: Gateway;
  let oldest: string;
  const get = async (view: string): Promise<Record<string, unknown>> => {
    const reply = await ask(gateway, `GET /v1/admin/${view}`, { key: operator });
    expect(reply.status).toBe(200);
    return reply.json() as Record<string, unknown>;
  };

  beforeAll(async () => {
    gateway = await startTestGateway({ clock, storage, deliver: false });
    const alice = await newUser(gateway);
    const bob = await newUser(gateway);
    const [first, second] = [await newEndpoint(gateway, alice), await newEndpoint(gateway, bob)];
    oldest = await newDelivery(gateway, alice, first);
    now += 1_000;
    for (let n = 0; n < 3; n++) await newDelivery(gateway, bob, second);
    now += 4_000;
    await until("the read models to have seen it all", async () => {
      const { data } = (await get("users")) as { data: { backlog: number }[] };
      const { oldest_due } = await get("overview");
      return data.reduce((sum, { backlog }) => sum + backlog, 0) === 4 && oldest_due !== null;
    });
  });
  afterAll(() => gateway.stop());

  it("is its oldest due delivery with its id, what waits where, and how far behind it is", async () => {
    await until("the counts to be taken again", async () => {
      const { deliveries } = (await get("overview")) as { deliveries: { due: number } };
      return deliveries.due === 4;
    });
    const overview = await get("overview");
    expect(overview).toMatchObject({
      time: new Date(now).toISOString(),
      instance: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        uptime_seconds: expect.any(Number) as number,
      },
      oldest_due: { id: oldest, user_id: 1, endpoint_id: 1, state: "due", waiting_for: "slot", since: NOW },
      deliveries: { due: 4, due_within_hour: 4, held: 0, under_way: 0 },
      endpoints: { failing: 0, failing_from: 20 },
      queue: { waiting: 0, limit: 10_000, under_way: 0, under_way_limit: 256 },
      breakers: [],
      paused: [],
      log: { head: await storage.store.head() },
    });
    const { projections, counted_seconds_ago } = overview as {
      projections: { name: string }[];
      counted_seconds_ago: number;
    };
    expect(projections.map(({ name }) => name)).toEqual(expect.arrayContaining(["deliveries", "directory"]));
    expect(counted_seconds_ago).toBeLessThan(60);
  });

  it("has the users with the largest backlog first, or with the most dispatches in the last minute", async () => {
    expect(await get("users")).toEqual({
      data: [
        { id: 2, username: expect.stringMatching(/^user_/) as string, backlog: 3, dispatches_last_minute: 3 },
        { id: 1, username: expect.stringMatching(/^user_/) as string, backlog: 1, dispatches_last_minute: 1 },
      ],
      next_cursor: null,
    });
    const first = (await get("users?limit=1")) as { data: { id: number }[]; next_cursor: string };
    const second = (await get(`users?limit=1&cursor=${first.next_cursor}`)) as typeof first;
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual([2, 1]);
    expect(await get("users?order=rate&limit=1")).toMatchObject({ data: [{ id: 2 }], next_cursor: null });
  });

  it.each([
    ["overview?watch=1", ['unknown parameter "watch"', "there are no parameters"]],
    ["endpoints?order=x", ['unknown parameter "order"', "the parameters are limit, cursor"]],
    ["users?sort=rate", ['unknown parameter "sort"', "the parameters are order, limit, cursor"]],
    ["users?order=name", ["order must be one of backlog, rate"]],
    ["users?order=rate&cursor=x", ["cursor goes with order=backlog only: rates change while you page"]],
    ["endpoints?limit=0", ["limit must be between 1 and 100"]],
  ])("refuses %s with what it takes", async (view, errors) => {
    const reply = await ask(gateway, `GET /v1/admin/${view}`, { key: operator });
    expect(reply.status).toBe(400);
    expect((reply.json() as { details: { errors: string[] } }).details.errors).toEqual(errors);
  });

  it("is answered as far as it is known while neither the read models nor the log answer", async () => {
    isDown = true;
    try {
      expect(await get("overview")).toMatchObject({
        oldest_due: null,
        deliveries: { under_way: null },
        queue: { waiting: 0 },
        log: { head: null },
      });
      expect((await ask(gateway, "GET /v1/admin/deliveries", { key: operator })).status).toBe(503);
      expect((await ask(gateway, "GET /v1/admin/users", { key: operator })).status).toBe(503);
    } finally {
      isDown = false;
    }
  });
});

describe("the endpoints that an operator lists", () => {
  it("have the most failed attempts in a row first, with what their owner sees of them", async () => {
    const sender = new FakeSender(systemClock, ({ url }) => (url.endsWith("/bad") ? refusedWith(503) : delivered()));
    const gateway = await startTestGateway({ sender });
    const list = async (query = ""): Promise<{ data: Row[]; next_cursor: string | null }> =>
      (await ask(gateway, `GET /v1/admin/endpoints${query}`, { key: operator })).json() as Awaited<
        ReturnType<typeof list>
      >;
    try {
      const key = await newUser(gateway);
      const good = await newEndpoint(gateway, key, "https://example.com/good");
      const bad = await newEndpoint(gateway, key, "https://example.com/bad");
      for (const endpoint of [good, bad, bad]) await newDelivery(gateway, key, endpoint);
      await until("the attempts to have failed", async () => (await list()).data[0]?.failures === 2);
      await until("the other to be delivered", async () => (await list()).data[1]?.pending === 0);
      const { data } = await list();
      expect(data).toEqual([
        {
          id: bad,
          user_id: 1,
          url: "https://example.com/bad",
          nickname: "an endpoint",
          status: "enabled",
          failures: 2,
          failing_since: expect.any(String) as string,
          pending: 2,
        },
        { ...data[1], id: good, failures: 0, failing_since: null, pending: 0 },
      ]);
      const first = await list("?limit=1");
      expect([...first.data, ...(await list(`?limit=1&cursor=${first.next_cursor}`)).data]).toEqual(data);
    } finally {
      await gateway.stop();
    }
  });
});
