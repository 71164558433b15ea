import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventStore, RecordedEvent } from "../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { collect } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { ask, newUser } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

const { auditor, operator } = TEST_STAFF_KEYS;
const PAYLOAD = '{"secret":"of a customer"}';

function idOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 12);
}

describe("who did what", () => {
  let gateway: Gateway;
  let store: EventStore;
  let lines: readonly Record<string, unknown>[];
  let key: string;
  let refusesAccess = false;

  beforeEach(async () => {
    refusesAccess = false;
    const clock = new FakeClock();
    const inner = memoryStorage(clock);
    ({ store } = inner);
    const append: EventStore["append"] = (stream, ...rest) =>
      refusesAccess && stream.startsWith("access-")
        ? Promise.reject(new StoreUnavailable("down"))
        : store.append(stream, ...rest);
    const { logger, lines: kept } = keepingLogger();
    lines = kept;
    const storage = { ...inner, store: withMethods(store, { append }) };
    gateway = await startTestGateway({ clock, deliver: false, storage, logger });
    key = await newUser(gateway);
    await ask(gateway, "POST /v1/endpoints", { key, body: { url: "https://example.com/hook", nickname: "one two" } });
  });
  afterEach(() => gateway.stop());

  /** The acts that were logged, without the ids of their requests. */
  function acts(): Record<string, unknown>[] {
    return lines.flatMap(({ request, level, msg, ...rest }) => {
      if (msg !== "act") return [];
      expect(level).toBe(30);
      expect(request).toMatch(/^[0-9a-f-]{36}$/);
      return [rest];
    });
  }

  async function recorded(category: string): Promise<RecordedEvent[]> {
    return collect(store.readAll({ categories: [category] }));
  }

  async function dispatched(): Promise<string> {
    const { headers } = await ask(gateway, "POST /v1/dispatch", {
      key,
      body: `{"endpoint_id":1,"payload":${PAYLOAD}}`,
    });
    return String(headers["x-delivery-id"]);
  }

  it("is one line for each act of an owner that changed or revealed something, with its key's id", async () => {
    const asked = [
      ["PATCH /v1/endpoints/1", { nickname: "another name", max_concurrency: 2 }],
      ["PATCH /v1/endpoints/1", { nickname: "another name" }],
      ["POST /v1/endpoints/1/disable", undefined],
      ["POST /v1/endpoints/1/disable", undefined],
      ["POST /v1/endpoints/1/enable", undefined],
      ["GET /v1/endpoints/1/secret", undefined],
      ["POST /v1/endpoints/1/secret/rotate", undefined],
      ["GET /v1/endpoints/1", undefined],
      ["DELETE /v1/endpoints/1", undefined],
      ["DELETE /v1/endpoints/1", undefined],
    ] as const;
    for (const [line, body] of asked) await ask(gateway, line, { key, ...(body && { body }) });
    const by = { actor: "user:1", key: idOf(key) };
    expect(acts()).toEqual([
      { actor: "anonymous", key: null, act: "user_created", user: 1 },
      { ...by, act: "endpoint_registered", endpoint: 1 },
      { ...by, act: "endpoint_updated", endpoint: 1, changes: ["nickname", "max_concurrency"] },
      { ...by, act: "endpoint_disabled", endpoint: 1 },
      { ...by, act: "endpoint_enabled", endpoint: 1 },
      { ...by, act: "secret_shown", endpoint: 1 },
      { ...by, act: "secret_rotated", endpoint: 1 },
      { ...by, act: "endpoint_deleted", endpoint: 1 },
    ]);
    expect(JSON.stringify(lines)).not.toContain(key);
  });

  it("is an event too when staff read a payload, one for each time, and before the payload is shown", async () => {
    const delivery = await dispatched();
    const path = `/v1/audit/deliveries/${delivery}/payload`;
    for (const staff of [auditor, operator])
      expect((await ask(gateway, `GET ${path}`, { key: staff })).text).toBe(PAYLOAD);
    const events = await recorded("access");
    expect(events).toMatchObject([
      { type: "PayloadRead", stream: `access-${delivery}`, metadata: { actor: "auditor", schemaVersion: 1 } },
      { type: "PayloadRead", stream: `access-${delivery}`, metadata: { actor: "operator", schemaVersion: 1 } },
    ]);
    expect(events.map(({ data }) => data)).toMatchObject([
      { deliveryId: delivery, userId: 1, endpointId: 1, readBy: "auditor" },
      { deliveryId: delivery, readBy: "operator" },
    ]);
    const { text } = await ask(gateway, "GET /v1/audit/events?endpoint_id=1&type=PayloadRead", { key: auditor });
    expect(text.trim().split("\n")).toHaveLength(2);
    expect(acts().slice(2, 4)).toEqual([
      { actor: "auditor", key: idOf(auditor), act: "payload_read", delivery },
      { actor: "operator", key: idOf(operator), act: "payload_read", delivery },
    ]);

    refusesAccess = true;
    const refused = await ask(gateway, `GET ${path}`, { key: auditor });
    expect(refused.status).toBe(503);
    expect(refused.text).not.toContain("customer");
  });

  it("is nothing where nothing was shown: a HEAD request, an unknown delivery, an owner's own payload", async () => {
    const delivery = await dispatched();
    const path = `/v1/audit/deliveries/${delivery}/payload`;
    expect((await ask(gateway, `HEAD ${path}`, { key: auditor })).status).toBe(200);
    const unknown = `/v1/audit/deliveries/${delivery.replace(/.$/, (last) => (last === "0" ? "1" : "0"))}/payload`;
    expect((await ask(gateway, `GET ${unknown}`, { key: auditor })).status).toBe(404);
    expect((await ask(gateway, `GET /v1/deliveries/${delivery}/payload`, { key })).text).toBe(PAYLOAD);
    expect(await recorded("access")).toEqual([]);
    expect(acts()).toHaveLength(2);
  });

  it("is a line alone when staff read the log or a history, so that the log does not grow by being read", async () => {
    const delivery = await dispatched();
    const before = await store.head();
    await ask(gateway, "GET /v1/audit/events?type=UserCreated&limit=5", { key: auditor });
    await ask(gateway, "GET /v1/audit/deliveries?username=alice&user_id=1", { key: auditor });
    await ask(gateway, "GET /v1/audit/users?email=a@example.com", { key: auditor });
    await ask(gateway, "GET /v1/audit/endpoints?user_id=1", { key: auditor });
    await ask(gateway, `GET /v1/audit/deliveries/${delivery}`, { key: auditor });
    await ask(gateway, `GET /v1/audit/deliveries/${delivery}/events`, { key: operator });
    expect(await store.head()).toBe(before);
    expect(acts().slice(2)).toEqual([
      { actor: "auditor", key: idOf(auditor), act: "log_read", filters: { type: "UserCreated", limit: "5" } },
      {
        actor: "auditor",
        key: idOf(auditor),
        act: "deliveries_read",
        filters: { username: "[redacted]", user_id: "1" },
      },
      { actor: "auditor", key: idOf(auditor), act: "users_read", filters: { email: "[redacted]" } },
      { actor: "auditor", key: idOf(auditor), act: "endpoints_read", filters: { user_id: "1" } },
      { actor: "auditor", key: idOf(auditor), act: "history_read", delivery },
      { actor: "operator", key: idOf(operator), act: "history_read", delivery },
    ]);
  });

  it("is a line when an operator pauses or resumes, with the reason, and none when that changed nothing", async () => {
    const asked = [
      ["pause", { user_id: 1, reason: "a bad night" }],
      ["pause", { user_id: 1, reason: "the same again" }],
      ["resume", { user_id: 1 }],
      ["pause", { reason: "everything" }],
    ] as const;
    for (const [act, body] of asked) await ask(gateway, `POST /v1/admin/${act}`, { key: operator, body });
    const by = { actor: "operator", key: idOf(operator) };
    expect(acts().slice(2)).toEqual([
      { ...by, act: "deliveries_paused", scope: "user", user: 1, reason: "a bad night" },
      { ...by, act: "deliveries_resumed", scope: "user", user: 1, reason: null },
      { ...by, act: "deliveries_paused", scope: "all", reason: "everything" },
    ]);
  });

  it("is an event when an operator asks for a rebuild or its end, refused or not; a line when it was done", async () => {
    const path = "/v1/admin/projections/users/rebuild";
    expect((await ask(gateway, `DELETE ${path}`, { key: operator })).status).toBe(409);
    expect((await ask(gateway, `POST ${path}`, { key: operator })).status).toBe(202);
    expect((await ask(gateway, "POST /v1/admin/projections/nothing/rebuild", { key: operator })).status).toBe(404);
    expect(await recorded("projection")).toMatchObject([
      { type: "RebuildCancelRequested", stream: "projection-users", metadata: { actor: "operator" } },
      { type: "RebuildRequested", stream: "projection-users", metadata: { actor: "operator" } },
    ]);
    expect(acts().slice(2)).toEqual([
      { actor: "operator", key: idOf(operator), act: "rebuild_requested", projection: "users" },
    ]);
  });
});
