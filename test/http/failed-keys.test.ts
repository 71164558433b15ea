import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventStore } from "../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { newUser } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

const PROXY = "10.1.2.3";
const TOO_MANY = "Too many requests with an invalid API key";

describe("wrong API keys", () => {
  const clock = new FakeClock();
  let gateway: Gateway;
  let headsAsked = 0;
  let headFails = false;
  let key: string;
  let lines: readonly Record<string, unknown>[];

  beforeEach(async () => {
    headFails = false;
    const { logger, lines: kept } = keepingLogger();
    lines = kept;
    const inner = memoryStorage(clock);
    const head: EventStore["head"] = () => {
      headsAsked += 1;
      return headFails ? Promise.reject(new StoreUnavailable("down")) : inner.store.head();
    };
    gateway = await startTestGateway({
      clock,
      logger,
      deliver: false,
      storage: { ...inner, store: withMethods(inner.store, { head }) },
      env: { TRUSTED_PROXIES: "10.1.0.0/16,fd00::/8" },
    });
    key = await newUser(gateway);
    headsAsked = 0;
  });
  afterEach(() => gateway.stop());

  interface From {
    readonly address?: string;
    readonly forwardedFor?: string;
    readonly path?: string;
  }

  async function send(apiKey: string | undefined, from: From = {}) {
    const { address = "192.0.2.1", forwardedFor, path = "/v1/users/me" } = from;
    const reply = await gateway.app.inject({
      url: path,
      remoteAddress: address,
      headers: {
        ...(apiKey !== undefined && { "x-api-key": apiKey }),
        ...(forwardedFor !== undefined && { "x-forwarded-for": forwardedFor }),
      },
    });
    const { error } = reply.statusCode < 400 ? { error: null } : reply.json<{ error: string }>();
    return { status: reply.statusCode, error, retryAfter: reply.headers["retry-after"] };
  }

  /** The statuses of so many wrong keys, one after the other. */
  async function wrong(count: number, from?: From): Promise<number[]> {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++) statuses.push((await send(randomUUID(), from)).status);
    return statuses;
  }

  const refusedFrom = (n: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => (index < n ? 400 : 429));

  it("are 429 from the twenty-first of a minute on, with what is left of it as Retry-After", async () => {
    expect(await wrong(20)).toEqual(refusedFrom(20, 20));
    await clock.advance(20_500);
    expect(await send(randomUUID())).toEqual({ status: 429, error: TOO_MANY, retryAfter: "40" });
    await clock.advance(39_499);
    expect(await send(randomUUID())).toEqual({ status: 429, error: TOO_MANY, retryAfter: "1" });
    await clock.advance(1);
    expect(await wrong(21)).toEqual(refusedFrom(20, 21));
  });

  it("have one line in the log for each address and minute, from the first that is refused on", async () => {
    const about = (): Record<string, unknown>[] => lines.filter(({ msg }) => msg === "an address sends wrong API keys");
    await wrong(20);
    expect(about()).toEqual([]);
    await wrong(50);
    await wrong(25, { address: "192.0.2.2" });
    const line = { level: 40, limit: 20, msg: "an address sends wrong API keys" };
    expect(about()).toEqual([
      { ...line, address: "192.0.2.1" },
      { ...line, address: "192.0.2.2" },
    ]);
    await clock.advance(60_000);
    await wrong(25);
    expect(about()).toHaveLength(3);
  });

  it("are refused without a look, so that a flood of them costs nothing", async () => {
    await wrong(20);
    expect(headsAsked).toBe(20);
    expect(await wrong(50)).toEqual(refusedFrom(0, 50));
    expect(headsAsked).toBe(20);
  });

  it("are counted when they come, not when they were looked up: no more than twenty wait at once", async () => {
    const statuses = await Promise.all(Array.from({ length: 60 }, () => send(randomUUID())));
    expect(statuses.map(({ status }) => status).sort()).toEqual(refusedFrom(20, 60));
    expect(headsAsked).toBe(20);
  });

  it("keep no key out that is known, whatever else its address sends, and are not counted for it", async () => {
    await wrong(30);
    for (let n = 0; n < 30; n++) expect((await send(key)).status).toBe(200);
    for (let n = 0; n < 30; n++) expect((await send(TEST_STAFF_KEYS.operator)).status).toBe(403);
    const path = "/v1/admin/projections";
    expect((await send(TEST_STAFF_KEYS.operator, { path })).status).toBe(200);
    expect((await send(key, { path })).status).toBe(403);
    const fresh = await newUser(gateway);
    expect((await send(fresh)).status).toBe(200);
    expect(await send(randomUUID())).toMatchObject({ status: 429 });
  });

  it("are wrong on every route, with a staff key's too, and also when they are no UUID", async () => {
    await wrong(5);
    await wrong(5, { path: "/v1/deliveries" });
    await wrong(5, { path: "/v1/admin/projections" });
    for (let n = 0; n < 5; n++) expect((await send(`wrong-${n}`)).status).toBe(400);
    expect(await send("wrong")).toMatchObject({ status: 429 });
    expect(await wrong(1, { path: "/v1/admin/projections" })).toEqual([429]);
  });

  it("are none where no key is sent, nor where none is asked for", async () => {
    for (let n = 0; n < 40; n++) expect((await send(undefined)).status).toBe(400);
    for (let n = 0; n < 40; n++) expect((await send(randomUUID(), { path: "/v1/ping" })).status).toBe(200);
    expect(await wrong(1)).toEqual([400]);
  });

  it("are not counted while it is unknown whether they are wrong", async () => {
    headFails = true;
    for (let n = 0; n < 40; n++) expect((await send(randomUUID())).status).toBe(503);
    headFails = false;
    expect(await wrong(1)).toEqual([400]);
  });

  it("are counted for each address by itself, and for a whole /64 of IPv6", async () => {
    await wrong(20);
    expect(await wrong(1)).toEqual([429]);
    expect(await wrong(1, { address: "192.0.2.2" })).toEqual([400]);
    expect(await wrong(1, { address: "::ffff:192.0.2.1" })).toEqual([429]);
    for (let n = 0; n < 20; n++) await wrong(1, { address: `2001:db8:1:2::${n}` });
    expect(await wrong(1, { address: "2001:db8:1:2:ffff::1" })).toEqual([429]);
    expect(await wrong(1, { address: "2001:db8:1:3::1" })).toEqual([400]);
    for (let n = 0; n < 20; n++) await wrong(1, { address: `fe80::${n}%eth0` });
    expect(await wrong(1, { address: "fe80::77%eth0" })).toEqual([429]);
  });

  it("are counted for the client that a trusted proxy names, and no other's word is believed", async () => {
    await wrong(20, { address: PROXY, forwardedFor: "198.51.100.1" });
    expect(await wrong(1, { address: PROXY, forwardedFor: "198.51.100.1" })).toEqual([429]);
    expect(await wrong(1, { address: PROXY, forwardedFor: "198.51.100.2" })).toEqual([400]);
    // What the client itself wrote stands before what the proxy added.
    expect(await wrong(1, { address: PROXY, forwardedFor: "203.0.113.9, 198.51.100.1" })).toEqual([429]);
    expect(await wrong(1, { address: "fd00::1", forwardedFor: "198.51.100.1, 10.1.9.9" })).toEqual([429]);
    // A port is not a part of it.
    expect(await wrong(1, { address: PROXY, forwardedFor: "198.51.100.1:5000" })).toEqual([429]);
    expect(await wrong(1, { address: PROXY, forwardedFor: "198.51.100.3:5000" })).toEqual([400]);
    // From another address the header is only what somebody says.
    for (let n = 0; n < 20; n++) await wrong(1, { forwardedFor: `198.51.100.${n + 10}` });
    expect(await wrong(1, { forwardedFor: "198.51.100.99" })).toEqual([429]);
  });

  it.each(["", "unknown", "_hidden", "198.51.100.1, unknown", "a".repeat(10_000), ",,,", "\u00e9"])(
    "are counted for the proxy when it names no address but %j",
    async (forwardedFor) => {
      await wrong(20, { address: PROXY, forwardedFor });
      expect(await wrong(1, { address: PROXY })).toEqual([429]);
    },
  );
});

describe("FAILED_KEYS_PER_MINUTE", () => {
  it("says how many, and 0 that it is any number", async () => {
    for (const [setting, expected] of [
      ["3", 429],
      ["0", 400],
    ] as const) {
      const gateway = await startTestGateway({ deliver: false, env: { FAILED_KEYS_PER_MINUTE: setting } });
      const replies = [];
      for (let n = 0; n < 40; n++) {
        replies.push(await gateway.app.inject({ url: "/v1/users/me", headers: { "x-api-key": randomUUID() } }));
      }
      expect(replies.slice(0, 3).map(({ statusCode }) => statusCode)).toEqual([400, 400, 400]);
      expect(new Set(replies.slice(3).map(({ statusCode }) => statusCode))).toEqual(new Set([expected]));
      await gateway.stop();
    }
  });
});
