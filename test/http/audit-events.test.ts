import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVENT_TYPES } from "../../src/events/catalogue.ts";
import { CATEGORIES } from "../../src/events/categories.ts";
import { writtenEvent } from "../../src/events/store/event-line.ts";
import type { EventStore, EventToAppend, RecordedEvent } from "../../src/events/store/event-store.ts";
import { StoreUnavailable, UnreadableEvent } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { beginExport, exportLog } from "../../src/processes/transfer/export-log.ts";
import { collect, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { ask, expectBroken, expectError, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";
import { listen } from "./raw-http.ts";
import { withMethods } from "./replaced-methods.ts";

const AUDITOR = { key: TEST_STAFF_KEYS.auditor };
const UNKNOWN_POSITION = "99999999999999999999";

const TYPE_ERROR = `type must be event types separated by commas, each one of ${EVENT_TYPES.join(", ")}`;

const ticks = (count: number): EventToAppend[] =>
  Array.from({ length: count }, () => sampleEvent({ type: "TickTaken" }));
const linesIn = (reply: Reply): string[] => reply.text.split("\n").slice(0, -1);
const lastPosition = (lines: readonly string[]): string => (JSON.parse(lines.at(-1)!) as { position: string }).position;

describe("GET /v1/audit/events", () => {
  let gateway: Gateway;
  let userKey: string;
  let log: RecordedEvent[];
  const storage = memoryStorage(standingClock);
  const { store } = storage;
  const read = (query = ""): Promise<Reply> => ask(gateway, `GET /v1/audit/events${query}`, AUDITOR);
  const expectEvents = (reply: Reply, events: readonly RecordedEvent[]): void => {
    expect(reply.status, reply.text).toBe(200);
    expect(linesIn(reply)).toEqual(events.map((event) => writtenEvent(event).line));
  };

  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false, storage });
    userKey = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, userKey);
    for (const payload of ['{"a":1}', '{"b":"Grüße \\u2028 漢字"}'])
      await newDelivery(gateway, userKey, endpoint, payload);
    await store.append("tick-1", ticks(3), "no_stream");
    await store.append("tick-10", ticks(2), "no_stream");
    log = await collect(store.readAll());
    expect(log.length).toBeGreaterThan(10);
  });
  afterAll(() => gateway.stop());

  it("wants a key, and an auditor's or operator's", async () => {
    for (const line of ["GET /v1/audit/events?limit=0", "GET /v1/audit/events?follow=true"]) {
      expectError(await ask(gateway, line), 400, "Missing or invalid API key");
      expectError(await ask(gateway, line, { key: randomUUID() }), 400, "Missing or invalid API key");
      expectError(await ask(gateway, line, { key: userKey }), 403, "This API key is not for this route");
    }
    for (const key of Object.values(TEST_STAFF_KEYS)) {
      expectEvents(await ask(gateway, "GET /v1/audit/events", { key }), log);
    }
  });

  it("gives the same bytes as often as it is asked, which are those of an export", async () => {
    const [one, two] = [await read(), await read()];
    expect(one.bytes.equals(two.bytes)).toBe(true);
    const exported = Buffer.concat(await collect(exportLog(store, await beginExport(store, null)))).toString();
    const events = exported.split("\n").slice(1, -2);
    expect(one.text).toBe(events.map((line) => `${line}\n`).join(""));
  });

  it("goes on after any position, and the parts make the whole", async () => {
    const whole = (await read()).text;
    for (const [index, { position }] of log.entries()) {
      const head = (await read(`?limit=${index + 1}`)).text;
      const tail = (await read(`?after=${Number(position)}`)).text;
      expect(head + tail, `behind ${position}`).toBe(whole);
    }
    const pages: string[] = [];
    for (let lines = linesIn(await read("?limit=4")); lines.length > 0;) {
      pages.push(...lines);
      lines = linesIn(await read(`?limit=4&after=${lastPosition(lines)}`));
    }
    expect(pages.map((line) => `${line}\n`).join("")).toBe(whole);
  });

  it("gives nothing after the end, and everything after zero", async () => {
    expectEvents(await read(`?after=${log.at(-1)!.position}`), []);
    expectEvents(await read("?after=0"), log);
  });

  it("holds what clients sent, as it is", async () => {
    const reply = await read("?type=DeliveryRequested");
    const payloads = linesIn(reply).map((line) => (JSON.parse(line) as { data: { payload: string } }).data.payload);
    expect(payloads).toEqual(['{"a":1}', '{"b":"Grüße \\u2028 漢字"}']);
  });

  it("gives only what is asked for", async () => {
    const ofTypes = (...types: string[]): RecordedEvent[] => log.filter(({ type }) => types.includes(type));
    expectEvents(await read("?type=UserCreated"), ofTypes("UserCreated"));
    expectEvents(await read("?type=TickTaken,UserCreated"), ofTypes("TickTaken", "UserCreated"));
    expectEvents(await read("?type=EndpointFailing"), []);
    const ofStream = (name: string): RecordedEvent[] => log.filter(({ stream }) => stream === name);
    expect(ofStream("tick-1")).toHaveLength(3);
    expectEvents(await read("?stream=tick-1"), ofStream("tick-1"));
    expectEvents(
      await read("?stream=tick-*"),
      log.filter(({ stream }) => stream.startsWith("tick-")),
    );
    expectEvents(
      await read("?stream=delivery-*&type=DeliveryRequested"),
      log.filter(({ stream, type }) => stream.startsWith("delivery-") && type === "DeliveryRequested"),
    );
    expectEvents(await read("?stream=delivery-nothing"), []);
  });

  it("knows the category of every stream that the gateway writes", async () => {
    const unknown = log.filter(({ stream }) => CATEGORIES.every((category) => !stream.startsWith(`${category}-`)));
    expect(unknown).toEqual([]);
    for (const category of CATEGORIES) expect((await read(`?stream=${category}-*`)).status).toBe(200);
  });

  it("counts for its limit only what is asked for", async () => {
    const ofTen = log.filter(({ stream }) => stream === "tick-10");
    expectEvents(await read("?stream=tick-10&limit=1"), ofTen.slice(0, 1));
    expectEvents(await read(`?stream=tick-10&limit=1&after=${ofTen[0]!.position}`), ofTen.slice(1));
    expectEvents(await read("?type=TickTaken&limit=2"), log.filter(({ type }) => type === "TickTaken").slice(0, 2));
  });

  it.each([
    ["after=-1", "after must be a position of the log, a number of at most 20 digits"],
    ["after=1e3", "after must be a position of the log, a number of at most 20 digits"],
    ["after=000000000000000000001", "after must be a position of the log, a number of at most 20 digits"],
    ["after=1&after=2", "after must be given once"],
    ["limit=0", "limit must be between 1 and 10000"],
    ["limit=10001", "limit must be between 1 and 10000"],
    ["limit=ten", "limit must be an integer"],
    ["type=UserCreated,,TickTaken", TYPE_ERROR],
    ["type=DeliverySucceeded", TYPE_ERROR],
    ["type=toString", TYPE_ERROR],
    [
      "stream=nothing-*",
      "the category of stream must be one of user, endpoint, delivery, username, email, endpointUrl, sequence, tick, log, access, projection, pause",
    ],
    [
      "stream=delivery",
      "stream must be the name of a stream such as user-1, or of a whole category such as delivery-*",
    ],
    ["stream=*", "stream must be the name of a stream such as user-1, or of a whole category such as delivery-*"],
    ["follow=false", "follow must be true, or be left out"],
    ["follow=true&limit=5", "limit and follow must not be given together: following has no end"],
    ["from=1", "from must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z"],
    ["from=2026-01-31T12:00:00Z&to=2026-01-31T11:00:00Z", "from must not be after to"],
    ["user_id=alice", "user_id must be an integer"],
    ["user_id=0", "user_id must be greater than 0"],
    ["endpoint_id=0", "endpoint_id must be greater than 0"],
    ["delivery_id=1", "delivery_id must be the id of a delivery, a UUID"],
    ["outcome=lost", "outcome must be one of delivered, failed, unknown"],
    ["actor=a&actor=b", "actor must be given once"],
    ...["user_id=1", "endpoint_id=1", "from=2026-01-31T12:00:00Z", "to=2026-01-31T12:00:00Z"].map((filter) => [
      `follow=true&${filter}`,
      `${filter.split("=")[0]} and follow must not be given together: follow with type, actor, outcome, stream or delivery_id`,
    ]),
  ])("refuses ?%s", async (query, error = "") => {
    expectBroken(await read(`?${query}`), error);
  });

  it("refuses a parameter that it does not know, and lists those that it does", async () => {
    const known = "after, limit, type, stream, from, to, user_id, endpoint_id, delivery_id, actor, outcome, follow";
    expectBroken(await read("?user=1"), 'unknown parameter "user"', `the parameters are ${known}`);
  });

  it("refuses a position that this log does not have", async () => {
    const head = log.at(-1)!.position;
    for (const after of [UNKNOWN_POSITION, String(Number(head) + 1)]) {
      for (const follow of ["", "&follow=true"]) {
        expectBroken(
          await read(`?after=${after}${follow}`),
          `after must not be beyond the log's end, which is ${head}`,
        );
      }
    }
  });

  it("answers HEAD without reading anything, whatever is asked for", async () => {
    for (const query of ["", "?follow=true"]) {
      const reply = await ask(gateway, `HEAD /v1/audit/events${query}`, AUDITOR);
      expect(reply.status).toBe(200);
      expect(reply.headers["content-type"]).toBe("application/x-ndjson");
    }
  });
});

describe("a log that fails while it is read for an auditor", () => {
  const REQUEST = `GET /v1/audit/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${AUDITOR.key}\r\nConnection: close\r\n\r\n`;

  async function failing(
    error: (event: RecordedEvent) => Error,
    events: readonly EventToAppend[],
    good: number,
  ): Promise<{ gateway: Gateway; lines: readonly Record<string, unknown>[] }> {
    const inner = memoryStorage(standingClock);
    await inner.store.append("tick-1", events, "no_stream");
    const readAll: EventStore["readAll"] = async function* (options) {
      let left = good;
      for await (const event of inner.store.readAll(options)) {
        if (left === 0) throw error(event);
        left -= 1;
        yield event;
      }
    };
    const storage = { ...inner, store: withMethods(inner.store, { readAll }) };
    const { logger, lines } = keepingLogger();
    return { gateway: await startTestGateway({ clock: standingClock, deliver: false, storage, logger }), lines };
  }

  it("is a 503 when nothing was sent yet", async () => {
    const { gateway } = await failing(() => new StoreUnavailable("10.1.2.3 is down"), sampleEvents(5), 3);
    const reply = await ask(gateway, "GET /v1/audit/events", AUDITOR);
    expectError(reply, 503, "Service temporarily unavailable");
    expect(reply.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    await gateway.stop();
  });

  it("breaks the connection off when something was, and never ends it", async () => {
    const events = Array.from({ length: 20 }, () => sampleEvent({ data: { text: "x".repeat(20_000) } }));
    const { gateway, lines } = await failing(() => new StoreUnavailable("it is down"), events, 15);
    const text = await textUntilClosed(await listen(gateway), REQUEST);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, msg: "a reading of the log was broken off" }));
    await gateway.stop();
  });

  it("gives what stands before an event that cannot be read, then breaks off, and our log says where", async () => {
    const unreadable = (event: RecordedEvent): Error => new UnreadableEvent(event, "its data is not JSON");
    const { gateway, lines } = await failing(unreadable, sampleEvents(5), 3);
    const text = await textUntilClosed(await listen(gateway), REQUEST);
    expect(text.match(/"SampleHappened"/g)).toHaveLength(3);
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    const place = { stream: "tick-1", revision: "00000000000000000003", position: "00000000000000000004" };
    const line = {
      level: 50,
      ...place,
      reason: "its data is not JSON",
      msg: "a reading of the log stopped at an event",
    };
    expect(lines).toContainEqual(expect.objectContaining(line));
    await gateway.stop();
  });

  it("stops at an event that has no canonical form, and says where", async () => {
    const events = [sampleEvent(), sampleEvent({ data: { text: "\ud800" } }), sampleEvent()];
    const { gateway, lines } = await failing(() => new Error("never"), events, 10);
    const text = await textUntilClosed(await listen(gateway), REQUEST);
    expect(text.match(/"SampleHappened"/g)).toHaveLength(1);
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, position: "00000000000000000002" }));
    await gateway.stop();
  });
});

/** All that came, in a form of its own: a reply that is broken off is no reply to a client of HTTP. */
async function textUntilClosed(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  await once(socket, "close");
  return text;
}
