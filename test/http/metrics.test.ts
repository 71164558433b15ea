import { afterEach, describe, expect, it } from "vitest";
import type { EventStore } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, StoreFull, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { ReadModelsUnavailable } from "../../src/projections/store/document-store.ts";
import type { DocumentStore } from "../../src/projections/store/document-store.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { FakeSender, refusedWith } from "../fixtures/processes/fake-sender.ts";
import { figure, figureNames } from "../fixtures/prometheus.ts";
import { ask, dispatchOf, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

/** A gateway whose stores fail with what `faults` says, and the lines that it writes. */
async function startGateway(env: Readonly<Record<string, string>> = {}) {
  const faults: { log: Error | null; documents: Error | null } = { log: null, documents: null };
  const inner = memoryStorage(standingClock);
  const or = <T>(fault: Error | null, go: () => Promise<T>): Promise<T> => (fault ? Promise.reject(fault) : go());
  const store: Partial<EventStore> = {
    append: (...call) => or(faults.log, () => inner.store.append(...call)),
    head: () => or(faults.log, () => inner.store.head()),
    read: (...call) => or(faults.log, () => inner.store.read(...call)),
  };
  const documents: Partial<DocumentStore> = {
    load: (...call) => or(faults.documents, () => inner.documents.load(...call)),
    find: (...call) => or(faults.documents, () => inner.documents.find(...call)),
    count: (...call) => or(faults.documents, () => inner.documents.count(...call)),
  };
  const storage = {
    ...inner,
    store: withMethods(inner.store, store),
    documents: withMethods(inner.documents, documents),
  };
  const sender = new FakeSender(standingClock);
  const { logger, lines } = keepingLogger();
  gateway = await startTestGateway({ clock: standingClock, storage, sender, logger, env });
  return { gateway, faults, sender, lines };
}

let gateway: Gateway;
afterEach(() => gateway.stop());

async function scrape(): Promise<string> {
  const { statusCode, headers, body } = await gateway.app.inject({ method: "GET", url: "/metrics" });
  expect([statusCode, headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  return body;
}

async function readiness(): Promise<readonly [number, readonly string[]]> {
  const reply = await gateway.app.inject({ method: "GET", url: "/readyz" });
  return [reply.statusCode, reply.json<{ reasons: string[] }>().reasons];
}

describe("the metrics", () => {
  it("count every dispatch by what became of it", async () => {
    const { faults } = await startGateway();
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key);
    const dispatch = (more: object = {}, payload = '{"a":1}') =>
      ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(endpoint, payload), ...more });
    await dispatch();
    await dispatch({ headers: { "idempotency-key": "once" } });
    await dispatch({ headers: { "idempotency-key": "once" } });
    await dispatch({ headers: { "idempotency-key": "once" } }, '{"a":2}');
    await dispatch({ key: "no key" });
    await dispatch({ body: "{" });
    faults.log = new AppendOutcomeUnknown("silence");
    await dispatch();
    faults.log = new TypeError("nobody foresaw this");
    await dispatch();
    faults.log = null;
    const text = await scrape();
    const counted = (status: string): number => figure(text, `webhook_dispatches_total{status="${status}"}`);
    expect(["accepted", "replayed", "refused", "unavailable", "failed"].map(counted)).toEqual([2, 1, 3, 1, 1]);
  });

  it("count attempts, time appends, and know where the read models and the to-do list stand", async () => {
    const { sender } = await startGateway();
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key);
    await newDelivery(gateway, key, endpoint);
    sender.answer = () => refusedWith(500);
    const failing = await newDelivery(gateway, key, endpoint);
    const path = `GET /v1/deliveries/${failing}`;
    await expect.poll(async () => (await ask(gateway, path, { key })).json()).toMatchObject({ attempts: 1 });
    await expect.poll(async () => figure(await scrape(), "webhook_attempts_under_way")).toBe(0);
    const text = await scrape();
    expect(figure(text, 'webhook_attempts_total{outcome="delivered",error_code="none"}')).toBe(1);
    expect(figure(text, 'webhook_attempts_total{outcome="failed",error_code="http_status"}')).toBe(1);
    expect(figure(text, 'webhook_append_duration_seconds_count{outcome="written"}')).toBeGreaterThanOrEqual(6);
    expect(figure(text, "webhook_due_look_age_seconds")).toBeGreaterThanOrEqual(0);
    expect(figure(text, "webhook_due_oldest_age_seconds")).toBe(0);
    expect(figure(text, "webhook_appends_under_way")).toBe(0);
    for (const projection of ["deliveries", "directory", "due-deliveries", "endpoints", "users"]) {
      expect(figure(text, `webhook_projection_live{projection="${projection}"}`), projection).toBe(1);
      expect(figure(text, `webhook_projection_lag_seconds{projection="${projection}"}`), projection).toBe(0);
    }
  });

  it("say how much is held, falls due soon and fails", async () => {
    const { sender } = await startGateway({ ENDPOINT_FAILING_ATTEMPTS: "2" });
    const key = await newUser(gateway);
    const held = await newEndpoint(gateway, key);
    const failing = await newEndpoint(gateway, key, "https://failing.example.com");
    const once = await newEndpoint(gateway, key, "https://once.example.com");
    await ask(gateway, `POST /v1/endpoints/${held}/disable`, { key });
    for (let n = 0; n < 3; n++) await newDelivery(gateway, key, held);
    sender.answer = () => refusedWith(500);
    for (const endpoint of [failing, failing, once]) await newDelivery(gateway, key, endpoint);
    const names = ["deliveries_held", "deliveries_due_within_hour", "endpoints_failing", "attempts_unknown_total"];
    const shown = async (): Promise<number[]> => {
      const text = await scrape();
      return names.map((name) => figure(text, `webhook_${name}`));
    };
    await expect.poll(shown).toEqual([3, 3, 1, 0]);
  });

  it("have as many figures after many users, endpoints and deliveries as before", async () => {
    await startGateway();
    const one = async (): Promise<void> => {
      const key = await newUser(gateway);
      const path = `GET /v1/deliveries/${await newDelivery(gateway, key, await newEndpoint(gateway, key))}`;
      await expect.poll(async () => (await ask(gateway, path, { key })).json()).toMatchObject({ status: "SUCCESS" });
    };
    await one();
    const before = figureNames(await scrape());
    for (let n = 0; n < 5; n++) await one();
    expect(figureNames(await scrape())).toEqual(before);
  });

  it("and the probes answer while no store does, and MongoDB is no reason to be unready", async () => {
    const { faults } = await startGateway();
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key);
    faults.documents = new ReadModelsUnavailable("MongoDB is down");
    await newDelivery(gateway, key, endpoint);
    await expect.poll(readiness).toEqual([200, []]);
    faults.log = new StoreUnavailable("the log is down");
    await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(endpoint, '{"a":1}') });
    const text = await scrape();
    expect(figure(text, "webhook_ready")).toBe(0);
    expect(figure(text, "webhook_deliveries_held")).toBeNaN();
    expect((await gateway.app.inject({ method: "GET", url: "/livez" })).statusCode).toBe(200);
  });
});

describe("readiness", () => {
  it("says that the log's disk is full while it refuses appends, and goes back with the first that it takes", async () => {
    const { faults } = await startGateway();
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key);
    const dispatch = async (): Promise<number> =>
      (await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(endpoint, '{"a":1}') })).status;
    await expect.poll(readiness).toEqual([200, []]);
    faults.log = new StoreFull("SQLITE_FULL /var/lib/gateway");
    expect(await dispatch()).toBe(503);
    expect(await readiness()).toEqual([503, ["appends: the event log refuses them, its disk is full"]]);
    faults.log = null;
    expect(await dispatch()).toBe(202);
    expect(await readiness()).toEqual([200, []]);
  });
});

describe("the wide line of a dispatch", () => {
  it("tells what was accepted, replayed, or refused by our own fault, and nothing of a client's mistakes", async () => {
    const { faults, lines } = await startGateway();
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key);
    const headers = { "idempotency-key": "once-and-never-again" };
    const body = dispatchOf(endpoint, '{"card":"4111 1111"}');
    const first = await ask(gateway, "POST /v1/dispatch", { key, body, headers });
    await ask(gateway, "POST /v1/dispatch", { key, body, headers });
    await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(999, "{}"), headers });
    faults.log = new StoreUnavailable("down");
    await ask(gateway, "POST /v1/dispatch", { key, body });
    faults.log = null;
    await ask(gateway, "GET /v1/ping");
    const about = { user: 1, endpoint, bytes: 20, msg: "dispatch", level: 30 };
    const anyText = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    const rest = { request: anyText, delivery: anyText, duration_ms: expect.any(Number) as number };
    const delivery = first.headers["x-delivery-id"];
    expect(lines.filter(({ msg }) => msg === "dispatch")).toEqual([
      { ...about, ...rest, delivery, outcome: "accepted" },
      { ...about, ...rest, delivery, outcome: "replayed" },
      { ...about, ...rest, outcome: "unavailable" },
    ]);
    const all = JSON.stringify(lines);
    for (const secret of [key, "once-and-never-again", "4111"]) expect(all).not.toContain(secret);
  });

  it("has the same names for the same things as the line of an attempt", async () => {
    const { lines } = await startGateway();
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key);
    const delivery = await newDelivery(gateway, key, endpoint);
    await expect.poll(() => lines.filter(({ msg }) => msg === "attempt")).toHaveLength(1);
    expect(lines.find(({ msg }) => msg === "attempt")).toEqual({
      level: 30,
      user: 1,
      delivery,
      endpoint,
      attempt: 1,
      outcome: "delivered",
      error_code: null,
      response_status: 200,
      duration_ms: 5,
      next_attempt_at: null,
      msg: "attempt",
    });
  });
});
