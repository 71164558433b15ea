import { once } from "node:events";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writtenEvent } from "../../src/events/store/event-line.ts";
import type { EventStore, SubscribeOptions } from "../../src/events/store/event-store.ts";
import { UnreadableEvent } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { appendEach, collect, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { figure } from "../fixtures/prometheus.ts";
import { until } from "../fixtures/until.ts";
import { ask } from "./asking.ts";
import { listen } from "./raw-http.ts";
import { withMethods } from "./replaced-methods.ts";

const AUDITOR = { key: TEST_STAFF_KEYS.auditor };
const FOLLOW = "/v1/audit/events?follow=true";
const TICKS = `${FOLLOW}&stream=tick-*`;

/** A reader of NDJSON at a real socket. */
class Follower {
  readonly response: IncomingMessage;
  /** The whole lines so far, without the empty ones; and how many were empty. */
  readonly lines: string[] = [];
  empty = 0;
  closed = false;
  #begun = "";

  constructor(response: IncomingMessage) {
    this.response = response;
    response.on("close", () => (this.closed = true));
    response.on("error", () => undefined);
  }

  read(): this {
    this.response.setEncoding("utf8").on("data", (chunk: string) => {
      const whole = (this.#begun + chunk).split("\n");
      this.#begun = whole.pop() ?? "";
      this.empty += whole.filter((line) => line === "").length;
      this.lines.push(...whole.filter((line) => line !== ""));
    });
    return this;
  }

  leave(): void {
    this.response.destroy();
  }
}

describe("following the log over HTTP", () => {
  let clock: FakeClock;
  let gateway: Gateway;
  let port: number;
  let store: EventStore;
  let lines: readonly Record<string, unknown>[];
  /** Of the subscriptions for auditors: the signals of all that were opened, how many ended, what they gave. */
  let signals: AbortSignal[];
  let ended: number;
  let pulled: number;
  /** Fails the next subscription for auditors at its n-th event. */
  let failAt: number;

  beforeEach(async () => {
    [signals, ended, pulled, failAt] = [[], 0, 0, Number.POSITIVE_INFINITY];
    clock = new FakeClock();
    const inner = memoryStorage(clock);
    async function* counted(options: SubscribeOptions): ReturnType<typeof messages> {
      signals.push(options.signal);
      try {
        yield* messages(options);
      } finally {
        ended += 1;
      }
    }
    async function* messages(options: SubscribeOptions) {
      for await (const message of inner.store.subscribe(options)) {
        if (message.kind === "event") {
          pulled += 1;
          if (pulled > failAt) throw new UnreadableEvent(message.event, "its data is not JSON");
        }
        yield message;
      }
    }
    const { logger, lines: kept } = keepingLogger();
    lines = kept;
    // Nothing in the gateway itself asks for ticks.
    const subscribe: EventStore["subscribe"] = (options) =>
      options.categories?.join() === "tick" ? counted(options) : inner.store.subscribe(options);
    const readAll: EventStore["readAll"] = async function* (options) {
      for await (const event of inner.store.readAll(options)) {
        pulled += 1;
        yield event;
      }
    };
    const storage = { ...inner, store: withMethods(inner.store, { subscribe, readAll }) };
    gateway = await startTestGateway({ clock, deliver: false, storage, logger, shutdownGraceMs: 3_600_000 });
    store = inner.store;
    port = await listen(gateway);
  });
  afterEach(async () => {
    await gateway.stop();
  });

  /** Until the sockets between are full: then many turns bring nothing any more. */
  async function untilNothingIsPulled(): Promise<void> {
    for (let [seen, quiet] = [-1, 0]; quiet < 500;) {
      await new Promise((resolve) => setImmediate(resolve));
      [seen, quiet] = seen === pulled ? [seen, quiet + 1] : [pulled, 0];
    }
  }

  /** Each of 100 kB. */
  async function appendBig(count: number): Promise<void> {
    const data = { text: "x".repeat(100_000) };
    for (let n = 0; n < count; n += 10) {
      await appendEach(
        store,
        "tick-1",
        Array.from({ length: 10 }, () => sampleEvent({ data })),
      );
    }
  }

  async function follow(path: string): Promise<Follower> {
    const request = get({ port, host: "127.0.0.1", path, headers: { "x-api-key": AUDITOR.key }, agent: false });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return new Follower(response);
  }

  /** What the metrics say. */
  async function following(): Promise<number> {
    const { body } = await gateway.app.inject({ method: "GET", url: "/metrics" });
    return figure(body, "webhook_log_followers");
  }

  async function written(after = 0): Promise<string[]> {
    const all = await collect(store.readAll({ categories: ["tick"] }));
    return all.slice(after).map((event) => writtenEvent(event).line);
  }

  it("gives what is there and then what comes, in the form of an export", async () => {
    await store.append("tick-1", sampleEvents(3), "no_stream");
    const follower = (await follow(TICKS)).read();
    expect(follower.response.headers).toMatchObject({
      "content-type": "application/x-ndjson",
      "x-accel-buffering": "no",
    });
    await until("the lines", () => follower.lines.length === 3);
    await store.append("user-9", sampleEvents(2), "no_stream");
    await appendEach(store, "tick-1", sampleEvents(2));
    await until("the lines", () => follower.lines.length === 5);
    expect(follower.lines).toEqual(await written());
    follower.leave();
  });

  it("begins after a position, and sends its head before there is anything", async () => {
    await store.append("tick-1", sampleEvents(5), "no_stream");
    const events = await collect(store.readAll());
    const follower = (await follow(`${TICKS}&after=${events.at(-1)!.position}`)).read();
    await until("an empty line", () => follower.empty === 1);
    await store.append("tick-1", sampleEvents(1), "any");
    await until("the lines", () => follower.lines.length === 1);
    expect(follower.lines).toEqual(await written(5));
    follower.leave();
  });

  it("gives an empty line whenever it gave nothing for 15 s", async () => {
    const follower = (await follow(TICKS)).read();
    await until("an empty line", () => follower.empty === 1);
    await clock.advance(14_999);
    expect(follower.empty).toBe(1);
    await clock.advance(1);
    await until("an empty line", () => follower.empty === 2);
    await store.append("tick-1", sampleEvents(1), "no_stream");
    await until("the lines", () => follower.lines.length === 1);
    await clock.advance(45_000);
    await until("an empty line", () => follower.empty === 5);
    expect(follower.lines).toEqual(await written());
    follower.leave();
  });

  it.each([
    ["followed", TICKS],
    ["read", "/v1/audit/events?limit=10000&stream=tick-*"],
  ])(
    "pulls nothing more from a log that is %s while its reader takes nothing, and goes on when that does",
    async (_what, path) => {
      const events = 500;
      await appendBig(events);
      const reader = await follow(path);
      await untilNothingIsPulled();
      expect(pulled).toBeGreaterThan(0);
      expect(pulled, "of 50 MB what the sockets hold").toBeLessThan(events / 2);
      await clock.advance(600_000);
      reader.read();
      await until("the lines", () => reader.lines.length === events);
      expect(reader.lines).toEqual(await written());
      expect(reader.empty, "no empty lines were heaped up").toBe(path === TICKS ? 1 : 0);
      reader.leave();
    },
    60_000,
  );

  it("ends with its subscription when the reader goes away, caught up or not", async () => {
    const timers = clock.timers;
    const idle = await follow(TICKS);
    await until("the subscription", () => signals.length === 1);
    idle.leave();
    await until("the end of the subscriptions", () => ended === 1);
    const events = Array.from({ length: 10 }, () => sampleEvent({ data: { text: "x".repeat(100_000) } }));
    for (let n = 0; n < 30; n++)
      await store.append(
        `tick-${n}`,
        events.map(({ data }) => sampleEvent({ data })),
        "no_stream",
      );
    const stalled = await follow(TICKS);
    await until("the reading to begin", () => pulled > 0);
    stalled.leave();
    await until("the end of the subscriptions", () => ended === 2);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    await until("the timers to be gone", () => clock.timers === timers);
    expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it("takes eight, and one more when one leaves", async () => {
    const followers = await Promise.all(Array.from({ length: 8 }, () => follow(TICKS)));
    const refused = await ask(gateway, `GET ${FOLLOW}`, AUDITOR);
    expect(refused.status).toBe(503);
    expect(refused.headers["retry-after"]).toBe("10");
    expect(refused.json()).toMatchObject({
      details: { errors: ["the log has 8 followers already: wait until one leaves, or read it without follow"] },
    });
    expect((await ask(gateway, "GET /v1/audit/events", AUDITOR)).status).toBe(200);
    followers[0]!.leave();
    await until("the end of the subscriptions", () => ended === 1);
    followers.push(await follow(TICKS));
    expect(followers.at(-1)!.response.statusCode).toBe(200);
    expect(await following()).toBe(8);
    for (const follower of followers) follower.leave();
    await expect.poll(following).toBe(0);
    await until("the end of the subscriptions", () => ended === 9);
  });

  it("lets no shutdown wait: it ends for who has read all, and breaks off for who reads nothing", async () => {
    const idle = (await follow(TICKS)).read();
    await until("an empty line", () => idle.empty === 1);
    await appendBig(300);
    await until("the lines", () => idle.lines.length === 300);
    const stalled = await follow(TICKS);
    await until("both to follow", () => signals.length === 2 && pulled > 300);
    await untilNothingIsPulled();
    // A follower that is waited for would be cut off after an hour.
    await gateway.stop();
    expect(ended).toBe(2);
    await until("the end of the reply", () => idle.closed);
    expect(idle.response.complete).toBe(true);
    stalled.read();
    await until("the end of the reply", () => stalled.closed);
    expect(stalled.response.complete).toBe(false);
  }, 60_000);

  it("gives what stands before an event that cannot be read, then breaks off, and our log says where", async () => {
    await store.append("tick-1", sampleEvents(5), "no_stream");
    failAt = 3;
    const follower = (await follow(TICKS)).read();
    await until("the end of the reply", () => follower.closed);
    expect(follower.lines).toEqual((await written()).slice(0, 3));
    expect(follower.response.complete).toBe(false);
    const place = { stream: "tick-1", revision: "00000000000000000003" };
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 50, ...place, msg: "a reading of the log stopped at an event" }),
    );
  });
});
