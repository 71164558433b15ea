import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EventStore } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { ReadModelsUnavailable } from "../../src/projections/store/document-store.ts";
import type { DocumentStore } from "../../src/projections/store/document-store.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf, expectError, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

const SECRET_WORDS = "SQLITE_FULL /var/lib/gateway/log.db 10.1.2.3";

/** What the next calls of a method throw; null is nothing. */
interface Faults {
  append: Error | null;
  head: Error | null;
  read: Error | null;
  load: Error | null;
  find: Error | null;
}

function faultyStorage(faults: Faults): ReturnType<typeof memoryStorage> {
  const inner = memoryStorage(standingClock);
  const or = <T>(fault: Error | null, go: () => Promise<T>): Promise<T> => (fault ? Promise.reject(fault) : go());
  const store: Partial<EventStore> = {
    append: (...call) => or(faults.append, () => inner.store.append(...call)),
    head: () => or(faults.head, () => inner.store.head()),
    read: (...call) => or(faults.read, () => inner.store.read(...call)),
  };
  const documents: Partial<DocumentStore> = {
    load: (...call) => or(faults.load, () => inner.documents.load(...call)),
    find: (...call) => or(faults.find, () => inner.documents.find(...call)),
  };
  return {
    ...inner,
    store: withMethods(inner.store, store),
    documents: withMethods(inner.documents, documents),
  };
}

describe("a store that is down", () => {
  const faults: Faults = { append: null, head: null, read: null, load: null, find: null };
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  let delivery: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, storage: faultyStorage(faults), deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
    delivery = await newDelivery(gateway, key, endpoint);
  });
  afterAll(() => gateway.stop());
  beforeEach(() => Object.assign(faults, { append: null, head: null, read: null, load: null, find: null }));

  type Method = keyof Faults;

  /** Every route with what it asks the stores for. */
  const routes: readonly (readonly [string, () => Question, ...Method[]])[] = [
    ["POST /v1/users", () => ({ body: { username: "in_vain" } }), "append", "read"],
    [
      "POST /v1/endpoints",
      () => ({ key, body: { url: "https://example.com/v", nickname: "in vain" } }),
      "append",
      "read",
    ],
    ["POST /v1/dispatch", () => ({ key, body: dispatchOf(endpoint, '{"a":1}') }), "append"],
    ["POST /v1/dispatch", () => ({ key, body: dispatchOf(999, '{"a":1}') }), "head"],
    ["GET /v1/users/me", () => ({ key: "01890a5d-ac96-474b-bcce-b302099a8057" }), "head"],
    ["GET /v1/users/me", () => ({ key }), "load", "find"],
    ["GET /v1/deliveries", () => ({ key }), "head", "find"],
    ["GET /v1/admin/deliveries", () => ({ key: TEST_STAFF_KEYS.operator }), "find"],
    ["GET /v1/admin/endpoints", () => ({ key: TEST_STAFF_KEYS.operator }), "find"],
    ["GET /v1/admin/users", () => ({ key: TEST_STAFF_KEYS.operator }), "find", "load"],
    ["GET /v1/endpoints", () => ({ key }), "head", "find"],
    ["GET /v1/endpoints/1", () => ({ key }), "head"],
    ["PATCH /v1/endpoints/1", () => ({ key, body: { nickname: "in vain" } }), "append", "read"],
    ["PATCH /v1/endpoints/1", () => ({ key, body: {} }), "head"],
    ["POST /v1/endpoints/1/disable", () => ({ key }), "append", "read"],
    ["POST /v1/endpoints/1/enable", () => ({ key }), "read", "head"],
    ["POST /v1/endpoints/1/test", () => ({ key }), "append"],
    ["DELETE /v1/endpoints/1", () => ({ key }), "append", "read"],
    ["GET /v1/endpoints/1/statistics", () => ({ key }), "head", "find"],
    ["GET /v1/endpoints/1/secret", () => ({ key }), "head"],
    ["POST /v1/endpoints/1/secret/rotate", () => ({ key }), "append", "read"],
    ["GET /v1/deliveries/ID", () => ({ key }), "head", "load"],
    ["GET /v1/deliveries/ID/payload", () => ({ key }), "read"],
    ["GET /v1/deliveries/ID/events", () => ({ key }), "read"],
    ["GET /v1/deliveries/ID?at=2026-02-01T00:00:00Z", () => ({ key }), "read"],
    ["GET /v1/deliveries/ID?at=00000000000000000099", () => ({ key }), "read", "head"],
    ["POST /v1/admin/pause", () => ({ key: TEST_STAFF_KEYS.operator, body: { reason: "in vain" } }), "append", "read"],
    ["POST /v1/admin/pause", () => ({ key: TEST_STAFF_KEYS.operator, body: { reason: "x", user_id: 999 } }), "head"],
    ["POST /v1/admin/resume", () => ({ key: TEST_STAFF_KEYS.operator }), "read", "head"],
    ["GET /v1/admin/pauses", () => ({ key: TEST_STAFF_KEYS.operator }), "head"],
    ["GET /v1/audit/users", () => ({ key: TEST_STAFF_KEYS.auditor }), "head", "find"],
    ["GET /v1/audit/endpoints?username=alice", () => ({ key: TEST_STAFF_KEYS.auditor }), "head", "find"],
    ["GET /v1/audit/deliveries?username=x", () => ({ key: TEST_STAFF_KEYS.auditor }), "head", "find"],
    ["GET /v1/audit/deliveries", () => ({ key: TEST_STAFF_KEYS.auditor }), "load"],
    ["GET /v1/audit/events?user_id=1", () => ({ key: TEST_STAFF_KEYS.auditor }), "head", "load"],
    ["GET /v1/audit/events?delivery_id=ID", () => ({ key: TEST_STAFF_KEYS.auditor }), "head", "read"],
    ["GET /v1/audit/deliveries/ID", () => ({ key: TEST_STAFF_KEYS.auditor }), "read"],
    ["GET /v1/audit/deliveries/ID/events", () => ({ key: TEST_STAFF_KEYS.auditor }), "read"],
    ["GET /v1/audit/deliveries/ID/payload", () => ({ key: TEST_STAFF_KEYS.auditor }), "read"],
  ];

  const failures = routes.flatMap(([line, question, ...methods]) =>
    methods.map((method) => [line, method, question] as const),
  );

  async function askWith(line: string, method: Method, fault: Error, question: Question): Promise<Reply> {
    faults[method] = fault;
    const reply = await ask(gateway, line.replace("ID", delivery), question);
    faults[method] = null;
    return reply;
  }

  it.each(failures)(
    "is a 503 of %s with Retry-After when %s fails, and leaks nothing",
    async (line, method, question) => {
      const fault = method === "load" || method === "find" ? ReadModelsUnavailable : StoreUnavailable;
      const reply = await askWith(line, method, new fault(SECRET_WORDS), question());
      expectError(reply, 503, "Service temporarily unavailable");
      expect(reply.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    },
  );

  it.each(failures)(
    "is a 500 of %s when %s fails as nobody foresaw, and leaks nothing",
    async (line, method, question) => {
      // A status on the error of some library says nothing about our client.
      const fault = Object.assign(new TypeError(SECRET_WORDS), { statusCode: 418, code: "E_SECRET" });
      const reply = await askWith(line, method, fault, question());
      expectError(reply, 500, "An unexpected error occurred");
      expect(JSON.stringify(reply.headers)).not.toMatch(/secret|sqlite/i);
    },
  );

  it("is a 503 too when it is unknown whether the dispatch was written", async () => {
    const body = dispatchOf(endpoint, '{"a":2}');
    const reply = await askWith("POST /v1/dispatch", "append", new AppendOutcomeUnknown(SECRET_WORDS), { key, body });
    expectError(reply, 503, "Service temporarily unavailable");
  });

  it("takes everything again once the store is back", async () => {
    expect((await ask(gateway, "POST /v1/users", { body: { username: "in_vain" } })).status).toBe(201);
    const body = { url: "https://example.com/v", nickname: "in vain" };
    expect((await ask(gateway, "POST /v1/endpoints", { key, body })).status).toBe(201);
    expect((await ask(gateway, "GET /v1/deliveries", { key })).status).toBe(200);
  });

  it("does not keep ping and the other probes from answering", async () => {
    const down = new StoreUnavailable(SECRET_WORDS);
    Object.assign(faults, { append: down, head: down, read: down, load: down, find: down });
    expect((await ask(gateway, "GET /v1/ping")).text).toBe("pong");
  });
});
