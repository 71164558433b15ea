import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadStream } from "../../src/commands/handling/command-handler.ts";
import { evolvePause } from "../../src/events/pause.ts";
import type { Gateway } from "../../src/gateway.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { FakeSender } from "../fixtures/processes/fake-sender.ts";
import { figure } from "../fixtures/prometheus.ts";
import { until } from "../fixtures/until.ts";
import { NOW, ask, expectBroken, expectError, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";

const { operator, auditor } = TEST_STAFF_KEYS;
const EVERYTHING = { scope: "all", user_id: null, endpoint_id: null };
const NOT_PAUSED = { paused: false, reason: null, since: null };
const pausedFor = (reason: string) => ({ paused: true, reason, since: NOW });

let storage: Storage;
let sender: FakeSender;
let gateway: Gateway;
let key: string;
let endpoint: number;
beforeEach(async () => {
  // One test starts a gateway on what another has left.
  storage = { ...memoryStorage(standingClock), close: () => Promise.resolve() };
  sender = new FakeSender(standingClock);
  gateway = await startTestGateway({ clock: standingClock, storage, sender });
  key = await newUser(gateway);
  endpoint = await newEndpoint(gateway, key);
});
afterEach(() => gateway.stop());

function change(what: "pause" | "resume", body?: unknown): Promise<Reply> {
  return ask(gateway, `POST /v1/admin/${what}`, { key: operator, ...(body !== undefined && { body }) });
}

async function inForce(): Promise<unknown> {
  return (await ask(gateway, "GET /v1/admin/pauses", { key: operator })).json();
}

async function probe(url: string): Promise<readonly [number, string]> {
  const { statusCode, body } = await gateway.app.inject({ method: "GET", url });
  return [statusCode, body];
}

/** What the log has of a scope, without bookkeeping. */
async function logged(stream: string): Promise<readonly unknown[]> {
  return (await storage.store.read(stream)).map(({ type, data, metadata }) => [type, data, metadata.actor]);
}

describe("a pause", () => {
  it("is in every view of the operator and its owner, while it lasts", async () => {
    const view = async (path: string, key_ = operator): Promise<Record<string, unknown>> =>
      (await ask(gateway, `GET ${path}`, { key: key_ })).json() as Record<string, unknown>;
    await change("pause", { user_id: 1, reason: "it floods" });
    const delivery = await newDelivery(gateway, key, endpoint);
    await until("it to be held", async () => {
      const { data } = (await view("/v1/admin/deliveries?state=held")) as { data: unknown[] };
      return data.length === 1;
    });
    const pause = { scope: "user", user_id: 1, endpoint_id: null, reason: "it floods", since: NOW };
    expect(await view("/v1/admin/overview")).toMatchObject({ paused_count: 1, paused: [pause] });
    expect(await view("/v1/admin/users")).toMatchObject({ data: [{ id: 1, paused: true }] });
    expect(await view("/v1/admin/endpoints")).toMatchObject({ data: [{ id: endpoint, paused: true }] });
    expect(await view("/v1/admin/deliveries?state=held")).toMatchObject({
      data: [{ id: delivery, waiting_for: "paused", since: NOW }],
    });
    expect(await view("/v1/deliveries", key)).toMatchObject({ data: [{ id: delivery, waiting_for: "paused" }] });
    expect(await view(`/v1/deliveries/${delivery}`, key)).toMatchObject({ waiting_for: "paused" });

    await change("resume", { user_id: 1 });
    await until("it to be sent", () => sender.sent.length === 1);
    expect(await view("/v1/admin/overview")).toMatchObject({ paused_count: 0, paused: [] });
    expect(await view("/v1/admin/endpoints")).toMatchObject({ data: [{ id: endpoint, paused: false }] });
    expect(await view(`/v1/deliveries/${delivery}`, key)).toMatchObject({ waiting_for: null });
  });
});

describe("pausing", () => {
  it.each(["pause", "resume"] as const)("takes only a reason that the audit can write: %s", async (what) => {
    const reply = await change(what, '{"reason":"\\ud800"}');
    expectError(reply, 400, "Some fields are missing or invalid", ["reason must be well-formed Unicode"]);
    expect(await logged("pause-all")).toEqual([]);
  });

  it("leaves to a disabled endpoint what it held, which then waits for its owner", async () => {
    await change("pause", { endpoint_id: endpoint, reason: "it fails" });
    const delivery = await newDelivery(gateway, key, endpoint);
    await until("it to be held", async () => (await storage.store.read(`delivery-${delivery}`)).length === 2);
    await ask(gateway, `POST /v1/endpoints/${endpoint}/disable`, { key });
    const waitsFor = async (): Promise<unknown> =>
      ((await ask(gateway, `GET /v1/deliveries/${delivery}`, { key })).json() as { waiting_for: unknown }).waiting_for;
    expect(await waitsFor()).toBe("paused");
    await change("resume", { endpoint_id: endpoint });
    expect(await waitsFor()).toBe("endpoint_disabled");
  });

  it("answers with the pause, takes dispatches, and sends nothing until it is resumed", async () => {
    const reply = await change("pause", { reason: "a bad deployment" });
    expect(reply.text).toBe(
      `{"scope":"all","user_id":null,"endpoint_id":null,"paused":true,"reason":"a bad deployment","since":"${NOW}"}`,
    );
    const delivery = await newDelivery(gateway, key, endpoint);
    await until("it to be held", async () => (await storage.store.read(`delivery-${delivery}`)).length === 2);
    expect(sender.sent).toEqual([]);
    expect((await ask(gateway, `GET /v1/deliveries/${delivery}`, { key })).json()).toMatchObject({
      status: "PENDING",
      attempts: 0,
      next_attempt_at: null,
    });

    expect((await change("resume", { reason: "it is mended" })).json()).toEqual({ ...EVERYTHING, ...NOT_PAUSED });
    await until("it to be sent", () => sender.sent.length === 1);
    expect(await logged("pause-all")).toEqual([
      [
        "DeliveriesPaused",
        { scope: "all", userId: null, endpointId: null, reason: "a bad deployment", pausedAt: NOW },
        "operator",
      ],
      [
        "DeliveriesResumed",
        { scope: "all", userId: null, endpointId: null, reason: "it is mended", resumedAt: NOW },
        "operator",
      ],
    ]);
  });

  it("takes the test of an endpoint as a dispatch", async () => {
    await change("pause", { endpoint_id: endpoint, reason: "it is slow" });
    expect((await ask(gateway, `POST /v1/endpoints/${endpoint}/test`, { key })).status).toBe(202);
    await change("resume", { endpoint_id: endpoint });
    await until("it to be sent", () => sender.sent.length === 1);
  });

  it("twice is no error and keeps the first reason, nor is resuming what is not paused", async () => {
    await change("resume");
    await change("pause", { reason: "the first" });
    expect((await change("pause", { reason: "the second" })).json()).toEqual({
      ...EVERYTHING,
      ...pausedFor("the first"),
    });
    await change("resume", {});
    expect((await change("resume", { reason: null })).json()).toEqual({ ...EVERYTHING, ...NOT_PAUSED });
    expect(await logged("pause-all")).toHaveLength(2);
  });

  it("takes many at once, and writes each change once", async () => {
    const all = await Promise.all(Array.from({ length: 30 }, (_, n) => change("pause", { reason: `reason ${n}` })));
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(await logged("pause-all")).toHaveLength(1);
  });

  it("covers one user or one endpoint, and leaves the others", async () => {
    const otherKey = await newUser(gateway);
    const [other, theirs] = [
      await newEndpoint(gateway, key, "https://example.com/other"),
      await newEndpoint(gateway, otherKey),
    ];
    const ofEndpoint = { scope: "endpoint", user_id: null, endpoint_id: endpoint };
    const ofUser = { scope: "user", user_id: 2, endpoint_id: null };
    const [first, second] = [
      await change("pause", { endpoint_id: endpoint, reason: "it is slow" }),
      await change("pause", { user_id: 2, endpoint_id: null, reason: "they flood us" }),
    ];
    expect([first.json(), second.json()]).toEqual([
      { ...ofEndpoint, ...pausedFor("it is slow") },
      { ...ofUser, ...pausedFor("they flood us") },
    ]);
    expect(await inForce()).toEqual({ data: [first.json(), second.json()] });
    await newDelivery(gateway, key, endpoint);
    await newDelivery(gateway, otherKey, theirs);
    const sent = await newDelivery(gateway, key, other);
    await until("the one that no pause covers", () => sender.sent.length === 1);
    expect(sender.sent).toMatchObject([{ deliveryId: sent }]);
    // Each scope is resumed by itself.
    await change("resume");
    expect((await change("resume", { user_id: 2 })).json()).toEqual({ ...ofUser, ...NOT_PAUSED });
    expect(await inForce()).toEqual({ data: [first.json()] });
    await until("the user's", () => sender.sent.length === 2);
  });

  it("ends with its endpoint, whose deliveries are canceled", async () => {
    await change("pause", { endpoint_id: endpoint, reason: "it is slow" });
    const delivery = await newDelivery(gateway, key, endpoint);
    expect((await ask(gateway, `DELETE /v1/endpoints/${endpoint}`, { key })).status).toBe(204);
    expect(await inForce()).toEqual({ data: [] });
    const path = `GET /v1/deliveries/${delivery}`;
    await until("it to be canceled", async () =>
      (await ask(gateway, path, { key })).text.includes('"status":"CANCELED"'),
    );
    for (const what of ["pause", "resume"] as const) {
      const reply = await change(what, { endpoint_id: endpoint, reason: "again" });
      expectError(reply, 404, `Endpoint with id ${endpoint} not found`);
    }
  });

  it("refuses what names no scope, or gives no reason", async () => {
    const reason = "a reason";
    const blank = "reason must not be blank";
    const long = "reason must be between 1 and 200 characters";
    const cases: [unknown, ...string[]][] = [
      [{}, blank],
      [{ reason: null }, blank],
      [{ reason: " \n" }, blank],
      [{ reason: 7 }, "reason must be a string"],
      [{ reason: "x".repeat(201) }, long],
      [{ reason, user_id: 1, endpoint_id: endpoint }, "user_id and endpoint_id must not be given together"],
      [{ reason, user_id: 0 }, "user_id must be greater than 0"],
      [{ reason, endpoint_id: "1" }, "endpoint_id must be an integer"],
      [{ reason, user_id: 1.5 }, "user_id must be an integer"],
      [{ reason, user_id: 2 ** 53 }, "user_id must be at most 9007199254740991"],
      [{ reason, user: 1 }, 'unknown field "user"'],
    ];
    for (const [body, ...errors] of cases) expectBroken(await change("pause", body), ...errors);
    expectBroken(await change("resume", { reason: "" }), blank);
    expectBroken(await change("resume", { reason: "x".repeat(201) }), long);
    expectBroken(await change("pause"), "body must be a JSON object");
    expect((await change("pause", { reason: "x".repeat(200) })).status).toBe(200);
  });

  it("answers 404 to users and endpoints that there are not", async () => {
    for (const what of ["pause", "resume"] as const) {
      expectError(await change(what, { user_id: 99, reason: "x" }), 404, "User not found");
      expectError(await change(what, { endpoint_id: 99, reason: "x" }), 404, "Endpoint with id 99 not found");
    }
  });

  it.each<[string, Question]>([
    ["POST /v1/admin/pause", { body: { reason: "x" } }],
    ["POST /v1/admin/resume", {}],
    ["GET /v1/admin/pauses", {}],
  ])("is the operator's alone: %s", async (line, question) => {
    expectError(await ask(gateway, line, question), 400, "Missing or invalid API key");
    for (const wrong of [key, auditor]) {
      expectError(await ask(gateway, line, { ...question, key: wrong }), 403, "This API key is not for this route");
    }
    expect((await loadStream(storage.store, "pause-all", evolvePause)).state).toBeNull();
  });
});

describe("a pause in force", () => {
  it("is in readiness, which stays 200, without its reason; the first ten of many", async () => {
    await expect.poll(() => probe("/readyz")).toEqual([200, '{"status":"ok","reasons":[]}']);
    await change("pause", { reason: "a bad deployment" });
    const all = `{"scope":"all","user_id":null,"endpoint_id":null,"since":"${NOW}"}`;
    expect(await probe("/readyz")).toEqual([
      200,
      `{"status":"ok","reasons":[],"paused":{"count":1,"pauses":[${all}]}}`,
    ]);
    for (let n = 0; n < 11; n++) {
      const id = await newEndpoint(gateway, key, `https://example.com/${n}`);
      await change("pause", { endpoint_id: id, reason: "slow" });
    }
    const { paused } = JSON.parse((await probe("/readyz"))[1]) as { paused: { count: number; pauses: object[] } };
    expect([paused.count, paused.pauses.length]).toEqual([12, 10]);
    for (const scope of ["all", "user", "endpoint"]) {
      const counts = { all: 1, user: 0, endpoint: 11 } as Record<string, number>;
      expect(figure((await probe("/metrics"))[1], `webhook_pauses{scope="${scope}"}`)).toBe(counts[scope]);
    }
  });

  it("outlives the process, whose start says so in one line of level 40", async () => {
    await change("pause", { reason: "a bad deployment" });
    const delivery = await newDelivery(gateway, key, endpoint);
    await gateway.stop();
    const { logger, lines } = keepingLogger();
    gateway = await startTestGateway({ clock: standingClock, storage, sender, logger });
    const paused = [{ ...EVERYTHING, reason: "a bad deployment", since: NOW }];
    expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([
      { level: 40, pauses: 1, paused, msg: "deliveries are paused" },
    ]);
    expect(await inForce()).toEqual({ data: [{ ...EVERYTHING, ...pausedFor("a bad deployment") }] });
    expect(sender.sent).toEqual([]);
    await change("resume");
    await until("it to be sent", () => sender.sent.length === 1);
    expect(sender.sent).toMatchObject([{ deliveryId: delivery }]);
  });
});
