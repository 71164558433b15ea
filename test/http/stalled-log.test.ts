import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { StallingStore } from "../fixtures/event-log/stalling-store.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { ask, dispatchOf, newDelivery, newEndpoint, newUser } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";

const UNKNOWN_KEY = "01890a5d-ac96-474b-bcce-b302099a8057";
const FOR_EVER = 3_600_000;

const clock = new FakeClock();
const { logger, lines } = keepingLogger();
const store = new StallingStore(new MemoryEventStore(clock), clock);
let gateway: Gateway;
let key: string;
let delivery: string;
let names = 0;

/** A name that nobody has. */
const newName = (): string => `name_${(names += 1)}`;
const auditor = TEST_STAFF_KEYS.auditor;

/** Every route, with its status in good times. */
const ROUTES: readonly (readonly [string, number, () => Question])[] = [
  ["POST /v1/users", 201, () => ({ body: { username: newName(), email: `${newName()}@example.com` } })],
  ["GET /v1/users/me", 200, () => ({ key })],
  [
    "POST /v1/endpoints",
    201,
    () => ({ key, body: { url: `https://example.com/${newName()}`, nickname: "an endpoint" } }),
  ],
  ["GET /v1/endpoints", 200, () => ({ key })],
  ["GET /v1/endpoints/1", 200, () => ({ key })],
  ["PATCH /v1/endpoints/1", 200, () => ({ key, body: { url: `https://example.com/${newName()}` } })],
  ["POST /v1/endpoints/1/disable", 200, () => ({ key })],
  ["POST /v1/endpoints/1/enable", 200, () => ({ key })],
  ["POST /v1/endpoints/1/test", 202, () => ({ key })],
  ["GET /v1/endpoints/1/statistics", 200, () => ({ key })],
  ["GET /v1/endpoints/1/secret", 200, () => ({ key })],
  ["POST /v1/endpoints/1/secret/rotate", 200, () => ({ key })],
  ["POST /v1/dispatch", 202, () => ({ key, body: dispatchOf(1, '{"a":1}') })],
  ["POST /v1/dispatch", 404, () => ({ key, body: dispatchOf(99, '{"a":1}') })],
  ["GET /v1/endpoints/99", 404, () => ({ key })],
  ["DELETE /v1/endpoints/99", 404, () => ({ key })],
  ["GET /v1/users/me", 400, () => ({ key: UNKNOWN_KEY })],
  ["GET /v1/deliveries", 200, () => ({ key })],
  ["GET /v1/deliveries/ID", 200, () => ({ key })],
  ["GET /v1/deliveries/0199aaaa-0000-7000-8000-000000000000", 404, () => ({ key })],
  ["GET /v1/deliveries/ID/payload", 200, () => ({ key })],
  ["GET /v1/deliveries/ID/events", 200, () => ({ key })],
  ["GET /v1/audit/deliveries/ID", 200, () => ({ key: auditor })],
  ["GET /v1/audit/events?limit=1", 200, () => ({ key: auditor })],
  ["GET /v1/audit/checkpoint", 503, () => ({ key: auditor })],
  ["GET /v1/admin/projections", 200, () => ({ key: TEST_STAFF_KEYS.operator })],
];
/** What answers without the log in any trouble. */
const WITHOUT_LOG = ["GET /v1/ping", "GET /livez", "GET /metrics"];

interface Answer extends Reply {
  /** How long it took, in ms of the clock. */
  readonly afterMs: number;
}

/** Asks, and lets as much time pass as the answer takes, 10 s at the most. */
async function timed(line: string, question: Question): Promise<Answer> {
  const begunAt = clock.now();
  let answer: Answer | null = null;
  const asked = ask(gateway, line.replace("ID", delivery), question).then((reply) => {
    answer = { ...reply, afterMs: clock.now() - begunAt };
  });
  for (let step = 0; step < 200 && answer === null; step++) await clock.advance(50);
  if (answer === null) throw new Error(`${line} was not answered within 10 s`);
  await asked;
  return answer;
}

beforeAll(async () => {
  gateway = await startTestGateway({ clock, logger, storage: memoryStorage(clock, store), deliver: false });
  key = await newUser(gateway);
  delivery = await newDelivery(gateway, key, await newEndpoint(gateway, key));
});
afterAll(async () => {
  Object.assign(store, { eachMs: 0, callsStall: true });
  store.stall(0);
  await clock.advance(10_000);
  await gateway.stop();
});
beforeEach(async () => {
  Object.assign(store, { eachMs: 0, callsStall: true });
  store.stall(0);
  await clock.advance(20_000);
  (lines as unknown[]).length = 0;
});

describe("a log that stalls for 3 s", () => {
  it.each(ROUTES)("costs %s (%i) nothing but the wait", async (line, status, question) => {
    store.stall(3_000);
    const answer = await timed(line, question());
    expect(answer.status).toBe(status);
    expect(answer.afterMs).toBeLessThan(4_000);
    expect(lines.filter(({ level, msg }) => Number(level) >= 40 && status < 500 && msg !== "")).toEqual([]);
  });
});

describe("a log that is silent for ever", () => {
  it.each(ROUTES)(
    "makes %s (%i) a 503 with Retry-After within 5 s, and not before 4 s",
    async (line, _status, question) => {
      store.stall(FOR_EVER);
      const answer = await timed(line, question());
      // What needs nothing of the log.
      if (line === "GET /v1/users/me" && question().key === key) {
        expect(answer.status).toBe(200);
        return;
      }
      expect(answer.status).toBe(503);
      expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
      expect(answer.afterMs).toBeGreaterThanOrEqual(4_000);
      expect(answer.afterMs).toBeLessThanOrEqual(5_000);
    },
  );

  it.each(WITHOUT_LOG)("leaves %s alone", async (line) => {
    store.stall(FOR_EVER);
    const [, url = ""] = line.split(" ");
    expect((await gateway.app.inject(url)).statusCode).toBe(200);
  });
});

describe("a log each of whose answers takes 3 s", () => {
  // The log itself is read while it is sent, which may take long.
  const routes = ROUTES.filter(([line]) => !line.startsWith("GET /v1/audit/events"));

  it.each(routes)("makes %s (%i) wait for 5 s at the most in all", async (line, status, question) => {
    store.eachMs = 3_000;
    const answer = await timed(line, question());
    expect([status, 503]).toContain(answer.status);
    expect(answer.afterMs).toBeLessThanOrEqual(5_000);
    store.eachMs = 0;
    await clock.advance(20_000);
    // What such a request still comes to is told nobody, and is no line.
    expect(
      lines.filter(({ msg }) => String(msg).includes("already sent") || String(msg).includes("unexpected")),
    ).toEqual([]);
  });

  it("creates no user whose key no one received", async () => {
    const username = newName();
    store.eachMs = 2_000;
    expect(await timed("POST /v1/users", { body: { username } })).toMatchObject({ status: 503 });
    await clock.advance(10_000);
    store.eachMs = 0;
    await clock.advance(30_000);
    expect(await timed("POST /v1/users", { body: { username } })).toMatchObject({ status: 201 });
  });
});

describe("read models that cannot follow the log", () => {
  it("do not make a delivery unknown that was accepted a moment ago", async () => {
    store.callsStall = false;
    store.stall(FOR_EVER);
    const { headers } = await timed("POST /v1/dispatch", { key, body: dispatchOf(1, '{"a":1}') });
    const line = `GET /v1/deliveries/${String(headers["x-delivery-id"])}`;
    const answer = await timed(line, { key });
    expect(answer.status).toBe(503);
    expect(answer.afterMs).toBeGreaterThanOrEqual(4_000);
    store.stall(0);
    await clock.advance(FOR_EVER);
    expect(await timed(line, { key })).toMatchObject({ status: 200 });
  });
});

describe("a directory that cannot follow the log", () => {
  it.each([
    ["GET /v1/endpoints", { key: UNKNOWN_KEY }],
    ["GET /v1/audit/events", { key: UNKNOWN_KEY }],
    ["GET /v1/endpoints/99", null],
    ["POST /v1/dispatch", null],
  ])("says of %s that it does not know, and not that there is none", async (line, question) => {
    // Something is in the log that it has not seen.
    store.callsStall = false;
    store.stall(FOR_EVER);
    await timed("POST /v1/users", { body: { username: newName() } });
    const body = line.startsWith("POST") ? { body: dispatchOf(99, '{"a":1}') } : {};
    const answer = await timed(line, question ?? { key, ...body });
    expect(answer.status).toBe(503);
    expect(answer.afterMs).toBeGreaterThanOrEqual(4_000);
    expect(answer.afterMs).toBeLessThanOrEqual(5_000);
  });
});
