import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { schemaVersionOf } from "../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import type { EventStore, RecordedEvent } from "../../src/events/store/event-store.ts";
import { UnreadableEvent } from "../../src/events/store/event-store-errors.ts";
import { positionOf } from "../../src/events/store/position.ts";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { DELIVERED, at, attempted, msAt, started } from "../specification/delivery-story.ts";
import { ask, newDelivery, newEndpoint, newUser } from "./asking.ts";
import type { Reply } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";
import { checkError } from "./reply-schemas.ts";

const PAYLOAD = '{ "a" : 1.0, "secret words": "x" }';
const URL_OF_ENDPOINT = "https://example.com/hook?a=1";
const AUDITOR = { key: TEST_STAFF_KEYS.auditor };
const NOT_A_MOMENT =
  "at must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z (a + in it is written %2B) or a position, 20 digits";

interface Step {
  readonly position: string;
  readonly revision: number;
  readonly type: string;
  readonly time: string;
  readonly data: Record<string, unknown>;
  readonly state_after: Record<string, unknown>;
}

/** The time of the log; tests set it forward. */
let seconds = 0;
const clock: Clock = { ...systemClock, now: () => msAt(seconds) };

describe("the history of a delivery", () => {
  const inner = memoryStorage(clock);
  let breakAt: number | null = null;
  /** A log of which one event of each delivery cannot even be parsed, when a test says so. */
  const read: EventStore["read"] = async (stream, options) => {
    const events = await inner.store.read(stream, options);
    const broken = events[breakAt ?? Number.NaN];
    if (broken !== undefined && stream.startsWith("delivery-"))
      throw new UnreadableEvent(broken, "it is no \u001b JSON");
    return events;
  };
  const { logger, lines } = keepingLogger();
  let gateway: Gateway;
  let key: string;
  let id: string;
  let steps: Step[];

  /** Appends what becomes of the delivery; each is recorded at the second it says. */
  async function append(second: number, event: GatewayEvent): Promise<void> {
    seconds = second;
    const metadata = { ...sampleEvent().metadata, schemaVersion: schemaVersionOf(event.type) };
    await inner.store.append(`delivery-${id}`, [sampleEvent({ type: event.type, data: event.data, metadata })], "any");
  }

  const eventsOf = async (path = `/v1/deliveries/${id}/events`, asker = { key }): Promise<Step[]> => {
    const reply = await ask(gateway, `GET ${path}`, asker);
    expect(reply.status, reply.text).toBe(200);
    return (reply.json() as { data: Step[] }).data;
  };
  const deliveryAt = (moment: string): Promise<Reply> =>
    ask(gateway, `GET /v1/deliveries/${id}?at=${encodeURIComponent(moment)}`, { key });

  beforeAll(async () => {
    const storage = { ...inner, store: withMethods(inner.store, { read }) };
    gateway = await startTestGateway({ clock, deliver: false, storage, logger });
    key = await newUser(gateway);
    seconds = 10;
    const endpoint = await newEndpoint(gateway, key, URL_OF_ENDPOINT);
    id = await newDelivery(gateway, key, endpoint, PAYLOAD);
    await append(11, started(1, 11, id));
    await append(12, attempted(1, 11, 12, { deliveryId: id, nextAttemptAt: at(71) }));
    await append(71, started(2, 71, id));
    await append(72, attempted(2, 71, 72, { ...DELIVERED, deliveryId: id }));
    steps = await eventsOf();
  });
  afterAll(() => gateway.stop());
  beforeEach(() => void (breakAt = null));

  it("has each event in order, with who did it and without the payload", async () => {
    expect(steps.map(({ type, revision, time }) => [type, revision, time])).toEqual([
      ["DeliveryRequested", 0, at(10)],
      ["DeliveryAttemptStarted", 1, at(11)],
      ["DeliveryAttempted", 2, at(12)],
      ["DeliveryAttemptStarted", 3, at(71)],
      ["DeliveryAttempted", 4, at(72)],
    ]);
    const reply = await ask(gateway, `GET /v1/deliveries/${id}/events`, { key });
    expect(reply.headers["content-type"]).toBe("application/json");
    expect(reply.text).not.toContain("secret words");
    const [first] = await inner.store.read(`delivery-${id}`);
    expect(reply.text.slice(0, reply.text.indexOf(',"state_after"'))).toBe(
      `{"data":[{"position":"${first!.position}","revision":0,"id":"${first!.id}","type":"DeliveryRequested",` +
        `"time":"${at(10)}","actor":"user:1","correlation_id":"${first!.metadata.$correlationId}",` +
        `"causation_id":"${first!.metadata.$causationId}","data":{"delivery_id":"${id}","user_id":1,"endpoint_id":1,` +
        `"payload_bytes":${PAYLOAD.length},"payload_sha256":"${String(steps[0]!.data["payload_sha256"])}",` +
        `"reference":null,"requested_at":"${at(10)}"}`,
    );
    expect(steps[1]!.data).toEqual({
      delivery_id: id,
      number: 1,
      round: 1,
      url: "https://receiver.example/hook",
      started_at: at(11),
      lease_until: at(41),
    });
  });

  it("ends in the delivery as it is now", async () => {
    const now = await ask(gateway, `GET /v1/deliveries/${id}`, { key });
    // What it waits for is known of the present alone.
    expect(JSON.stringify(steps.at(-1)!.state_after)).toBe(now.text.replace('"waiting_for":null,', ""));
    expect(steps.map(({ state_after }) => state_after["status"])).toEqual([
      ...["PENDING", "PENDING", "PENDING", "PENDING"],
      "SUCCESS",
    ]);
  });

  it("gives at each position and time just what stood after that event, with the endpoint then", async () => {
    const endpoint = { id: 1, url: URL_OF_ENDPOINT, nickname: "an endpoint" };
    for (const [index, { position, time, state_after }] of steps.entries()) {
      const expected = { ...state_after, endpoint };
      expect((await deliveryAt(position)).json()).toEqual(expected);
      expect((await deliveryAt(time)).json()).toEqual(expected);
      const before = await deliveryAt(new Date(Date.parse(time) - 1).toISOString());
      if (index === 0) expect(before.status).toBe(404);
      else expect(before.json()).toEqual({ ...steps[index - 1]!.state_after, endpoint });
    }
  });

  it.each([
    ["seconds without milliseconds", "2026-03-01T12:00:12Z", 2],
    ["an offset", "2026-03-01T14:00:12+02:00", 2],
    ["another offset", "2026-03-01T07:00:12.000-05:00", 2],
    ["a part of a millisecond", "2026-03-01T12:00:11.999999Z", 1],
    ["the future", "2126-03-01T12:00:00Z", 4],
  ])("takes a time with %s", async (_what, moment, last) => {
    expect((await deliveryAt(moment)).json()).toMatchObject(steps[last]!.state_after);
  });

  it("says when the delivery began when asked for an earlier moment", async () => {
    const began = `at is before the delivery, which was recorded at ${at(10)}, position ${steps[0]!.position}`;
    for (const moment of [at(9), "0000-01-01T00:00:00Z", "00000000000000000001", "00000000000000000000"]) {
      for (const path of [`/v1/deliveries/${id}`, `/v1/deliveries/${id}/events`]) {
        const reply = await ask(gateway, `GET ${path}?at=${moment}`, { key });
        expect(reply.status).toBe(404);
        expect(reply.json()).toMatchObject({ error: "Delivery not found", details: { errors: [began] } });
      }
    }
  });

  it("refuses a position beyond the log, and takes one after the delivery", async () => {
    const head = (await inner.store.head())!;
    const beyond = await deliveryAt(positionOf(Number(head) + 1));
    expect(beyond.status).toBe(400);
    const errors = [`at is beyond the log, whose last position is ${head}`];
    expect(beyond.json()).toMatchObject({ error: "Some fields are missing or invalid", details: { errors } });
    await inner.store.append("tick-1", [sampleEvent()], "any");
    expect((await deliveryAt(positionOf(Number(head) + 1))).json()).toMatchObject(steps.at(-1)!.state_after);
  });

  it.each([
    ...["at=yesterday", "at=2026-03-01", "at=2026-02-30T00:00:00Z", "at=2026-03-01T12:00:00", "at=12"],
    ...["at=2026-03-01T14:00:12+02:00", `at=${"9".repeat(21)}`, "at=-0000000000000000001", "at=%00"],
  ])("refuses ?%s", async (query) => {
    seconds = 100;
    for (const path of [`/v1/deliveries/${id}`, `/v1/deliveries/${id}/events`, `/v1/audit/deliveries/${id}`]) {
      const reply = await ask(gateway, `GET ${path}?${query}`, path.includes("audit") ? AUDITOR : { key });
      expect(reply.status).toBe(400);
      expect(reply.json()).toMatchObject({ details: { errors: [NOT_A_MOMENT] } });
    }
  });

  it("refuses what it does not know, and a moment that is given twice", async () => {
    for (const [query, error] of [
      ["when=now", 'unknown parameter "when"'],
      [`at=${at(1)}&at=${at(2)}`, "at must be given once"],
    ] as const) {
      const reply = await ask(gateway, `GET /v1/deliveries/${id}?${query}`, { key });
      expect(reply.json()).toMatchObject({ status_code: 400, details: { errors: [error] } });
    }
    expect((await ask(gateway, `GET /v1/deliveries/${id}?at=`, { key })).json()).not.toHaveProperty("endpoint");
  });

  it("is nobody else's", async () => {
    const other = await newUser(gateway);
    const unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (const path of [id, unknown, "1", "nonsense", `${id}%20`].flatMap((one) => [
      `/v1/deliveries/${one}/events`,
      `/v1/deliveries/${one}?at=${at(50)}`,
      `/v1/deliveries/${one}?at=${at(0)}`,
      `/v1/deliveries/${one}?at=${"9".repeat(20)}`,
    ])) {
      const reply = await ask(gateway, `GET ${path}`, { key: other });
      expect(reply.status, path).toBe(404);
      expect(reply.json(), path).not.toHaveProperty("details");
    }
  });

  it("is shown to auditors and operators in the same form, whoever's it is", async () => {
    for (const asker of Object.values(TEST_STAFF_KEYS).map((staff) => ({ key: staff }))) {
      expect(await eventsOf(`/v1/audit/deliveries/${id}/events`, asker)).toEqual(steps);
      expect(await eventsOf(`/v1/audit/deliveries/${id}/events?at=${at(12)}`, asker)).toEqual(steps.slice(0, 3));
      const then = await ask(gateway, `GET /v1/audit/deliveries/${id}?at=${at(12)}`, asker);
      expect(then.text).toBe((await deliveryAt(at(12))).text);
      const now = await ask(gateway, `GET /v1/audit/deliveries/${id}`, asker);
      expect(now.text).toBe((await deliveryAt(at(100))).text);
      expect((await ask(gateway, `GET /v1/audit/deliveries/${id}/payload`, asker)).text).toBe(PAYLOAD);
    }
  });

  it("is unknown to auditors where there is none", async () => {
    for (const path of ["", "/events", "/payload"]) {
      for (const one of ["01890a5d-ac96-774b-bcce-b302099a8057", "nonsense"]) {
        const reply = await ask(gateway, `GET /v1/audit/deliveries/${one}${path}`, AUDITOR);
        expect(reply.json()).toMatchObject({ status_code: 404, error: "Delivery not found" });
      }
    }
  });

  it("is an auditor's or operator's under /v1/audit", async () => {
    for (const path of ["", "/events", "/payload"]) {
      const line = `GET /v1/audit/deliveries/${id}${path}`;
      expect((await ask(gateway, line)).status).toBe(400);
      expect((await ask(gateway, line, { key })).status).toBe(403);
    }
  });

  it("stops at an event that cannot be parsed, says where, and gives what was before it", async () => {
    breakAt = 3;
    const { position } = (await inner.store.read(`delivery-${id}`))[3] as RecordedEvent;
    const where = `event 3 of delivery-${id}, at position ${position}, cannot be read; ask with an at before it`;
    for (const path of [`/v1/deliveries/${id}/events`, `/v1/deliveries/${id}?at=${position}`]) {
      const reply = await ask(gateway, `GET ${path}`, { key });
      checkError(reply);
      expect(reply.json()).toMatchObject({ status_code: 500, details: { errors: [where] } });
    }
    expect((await deliveryAt(steps[2]!.position)).json()).toMatchObject(steps[2]!.state_after);
    expect((await deliveryAt(at(11))).json()).toMatchObject(steps[1]!.state_after);
    expect(await eventsOf(`/v1/deliveries/${id}/events?at=${steps[2]!.position}`)).toEqual(steps.slice(0, 3));
    expect(lines.find(({ msg }) => msg === "a history stopped at an event")).toMatchObject({ level: 50, position });
    breakAt = 0;
    expect((await ask(gateway, `GET /v1/audit/deliveries/${id}/payload`, AUDITOR)).status).toBe(500);
  });

  it("stops at an event that the catalogue does not know, and at one that breaks its schema", async () => {
    for (const event of [sampleEvent({ type: "DeliveryPraised" }), sampleEvent({ type: "DeliveryFailed", data: {} })]) {
      const broken = await newDelivery(gateway, key, 1);
      await inner.store.append(`delivery-${broken}`, [event], "any");
      const reply = await ask(gateway, `GET /v1/deliveries/${broken}/events`, { key });
      expect(reply.json()).toMatchObject({
        status_code: 500,
        error: "The delivery's history cannot be read to its end",
      });
    }
  });

  it("answers HEAD without a body", async () => {
    const head = await ask(gateway, `HEAD /v1/deliveries/${id}/events`, { key });
    expect(head).toMatchObject({ status: 200, text: "" });
    expect((await ask(gateway, "HEAD /v1/deliveries/nonsense/events", { key })).status).toBe(404);
  });
});
