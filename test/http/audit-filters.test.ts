import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writtenEvent } from "../../src/events/store/event-line.ts";
import type { RecordedEvent } from "../../src/events/store/event-store.ts";
import { revisionOf } from "../../src/events/store/position.ts";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { collect, sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { DELIVERED, UNKNOWN, attempted, failed, started } from "../specification/delivery-story.ts";
import { NOW, ask, newDelivery, newEndpoint, newUser } from "./asking.ts";
import type { Reply } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

const AUDITOR = { key: TEST_STAFF_KEYS.auditor };
const NOBODY = "0198f1a2-0000-7000-8000-00000000ffff";
const HOUR_MS = 3_600_000;

/** Time goes on by an hour when a test says so. */
let now = Date.parse(NOW);
const clock = { ...systemClock, now: () => now };

interface Filters {
  readonly user_id?: number;
  readonly endpoint_id?: number;
  readonly delivery_id?: string;
  readonly actor?: string;
  readonly outcome?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly from?: string;
  readonly to?: string;
  readonly after?: string;
  readonly limit?: number;
}

describe("the filters of GET /v1/audit/events", () => {
  let gateway: Gateway;
  let log: RecordedEvent[];
  const deliveries: { id: string; endpoint: number; user: number }[] = [];
  const ownerOfEndpoint = new Map<number, number>();
  let readAlls = 0;
  const inner = memoryStorage(clock);
  const store = withMethods(inner.store, {
    readAll: (options) => {
      readAlls += 1;
      return inner.store.readAll(options);
    },
  });

  beforeAll(async () => {
    gateway = await startTestGateway({ clock, deliver: false, storage: { ...inner, store } });
    const users = [await newUser(gateway), await newUser(gateway)];
    for (const [index, key] of [users[0]!, users[0]!, users[1]!].entries()) {
      const endpoint = await newEndpoint(gateway, key, `https://example.com/${index}`);
      ownerOfEndpoint.set(endpoint, index === 2 ? 2 : 1);
      for (let hour = 0; hour < 4; hour++) {
        deliveries.push({ id: await newDelivery(gateway, key, endpoint), endpoint, user: index === 2 ? 2 : 1 });
        now += HOUR_MS;
      }
    }
    // A clock that was set back must not hide anything.
    now -= HOUR_MS / 2;
    const endings = [DELIVERED, UNKNOWN, {}];
    for (const [index, { id: deliveryId }] of deliveries.entries()) {
      const events = [started(1, 0, deliveryId), attempted(1, 0, 1, { deliveryId, ...endings[index % 3] })];
      const last = index % 3 === 2 ? [failed(2, "attempts_exhausted")] : [];
      const appended = [...events, ...last].map((event) => sampleEvent({ type: event.type, data: event.data }));
      await store.append(`delivery-${deliveryId}`, appended, revisionOf(0));
      now += HOUR_MS / 3;
    }
    await store.append("tick-1", [sampleEvent({ type: "TickTaken" })], "no_stream");
    log = await collect(store.readAll());
  });
  afterAll(() => gateway.stop());

  function read(filters: Filters): Promise<Reply> {
    const query = new URLSearchParams(
      Object.entries(filters).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return ask(gateway, `GET /v1/audit/events?${query.toString()}`, AUDITOR);
  }

  /** Whose an event is, from the whole log: what the index has to find out as it goes. */
  function ownersOf({ stream, data }: RecordedEvent): { user?: number | undefined; endpoint?: number | undefined } {
    const dash = stream.indexOf("-");
    const [category, id] = [stream.slice(0, dash), stream.slice(dash + 1)];
    if (category === "user") return { user: Number(id) };
    if (category === "endpoint") return { user: ownerOfEndpoint.get(Number(id)), endpoint: Number(id) };
    if (category === "delivery") return deliveries.find((delivery) => delivery.id === id) ?? {};
    const { owner = "" } = data as { owner?: string };
    return owner.startsWith("user-") ? { user: Number(owner.slice("user-".length)) } : {};
  }

  function matching(filters: Filters): RecordedEvent[] {
    const { user_id, endpoint_id, delivery_id, actor, outcome, type, stream, from, to, after, limit } = filters;
    return log
      .filter((event) => {
        const owner = ownersOf(event);
        return (
          (user_id === undefined || owner.user === user_id) &&
          (endpoint_id === undefined || owner.endpoint === endpoint_id) &&
          (delivery_id === undefined || event.stream === `delivery-${delivery_id}`) &&
          (actor === undefined || event.metadata.actor === actor) &&
          (outcome === undefined || (event.data as { outcome?: string }).outcome === outcome) &&
          (type === undefined || type.split(",").includes(event.type)) &&
          (stream === undefined ||
            (stream.endsWith("-*") ? event.stream.startsWith(stream.slice(0, -1)) : event.stream === stream)) &&
          (from === undefined || event.recordedAt >= from) &&
          (to === undefined || event.recordedAt < to) &&
          (after === undefined || event.position > after)
        );
      })
      .slice(0, limit);
  }

  async function expectMatching(filters: Filters): Promise<number> {
    const reply = await read(filters);
    expect(reply.status, reply.text).toBe(200);
    const expected = matching(filters);
    expect(reply.text).toBe(expected.map((event) => `${writtenEvent(event).line}\n`).join(""));
    return expected.length;
  }

  it("find what they say, each by itself, and nothing of another user", async () => {
    for (const user_id of [1, 2]) expect(await expectMatching({ user_id })).toBeGreaterThan(10);
    for (const endpoint_id of ownerOfEndpoint.keys()) expect(await expectMatching({ endpoint_id })).toBeGreaterThan(10);
    for (const { id } of deliveries) expect(await expectMatching({ delivery_id: id })).toBeGreaterThan(2);
    expect(await expectMatching({ delivery_id: deliveries[0]!.id.toUpperCase().toLowerCase() })).toBe(3);
    for (const outcome of ["delivered", "failed", "unknown"]) expect(await expectMatching({ outcome })).toBe(4);
    expect(await expectMatching({ actor: "user:1" })).toBeGreaterThan(10);
    expect(await expectMatching({ actor: "user:2" })).toBeGreaterThan(4);
    expect(await expectMatching({ actor: "anonymous" })).toBeGreaterThan(3);
    expect(await expectMatching({ type: "DeliveryFailed,UserCreated" })).toBe(6);
    expect(await expectMatching({ from: log[20]!.recordedAt, to: log[40]!.recordedAt })).toBeGreaterThan(5);
  });

  it("include from and exclude to, both of the time of recording", async () => {
    const [first, second] = [deliveries[0]!, deliveries[1]!].map(({ id }) =>
      log.find(({ stream }) => stream === `delivery-${id}`),
    );
    const filters = { type: "DeliveryRequested", from: first!.recordedAt, to: second!.recordedAt };
    expect(matching(filters)).toEqual([first]);
    await expectMatching(filters);
  });

  it("give 200 and nothing where nothing matches", async () => {
    const none: Filters[] = [
      { user_id: 99 },
      { endpoint_id: 99 },
      { delivery_id: NOBODY },
      { actor: "nobody" },
      { actor: "user:99" },
      { type: "EndpointFailing" },
      { from: "2030-01-01T00:00:00.000Z" },
      { to: "2020-01-01T00:00:00.000Z" },
      { outcome: "failed", type: "DeliveryRequested" },
      { user_id: 1, endpoint_id: [...ownerOfEndpoint.keys()][2]! },
      { delivery_id: deliveries[0]!.id, stream: "user-1" },
      { delivery_id: deliveries[0]!.id, stream: "user-*" },
      { delivery_id: deliveries[0]!.id, user_id: 2 },
    ];
    for (const filters of none) expect(await expectMatching(filters)).toBe(0);
  });

  it("combine with each other, with limit and with after", async () => {
    const streams = [...new Set(log.map(({ stream }) => stream))];
    const times = log.map(({ recordedAt }) => recordedAt).sort();
    const filters = fc.record(
      {
        user_id: fc.constantFrom(1, 2, 3),
        endpoint_id: fc.constantFrom(...ownerOfEndpoint.keys(), 99),
        delivery_id: fc.constantFrom(...deliveries.map(({ id }) => id)),
        actor: fc.constantFrom("user:1", "user:2", "anonymous", ...log.slice(-2).map(({ metadata }) => metadata.actor)),
        outcome: fc.constantFrom("delivered", "failed", "unknown"),
        type: fc.constantFrom("DeliveryAttempted", "DeliveryRequested", "ValueReserved,UserCreated,EndpointRegistered"),
        stream: fc.constantFrom("delivery-*", "user-*", "endpoint-*", "username-*", "tick-*", ...streams),
        times: fc.tuple(fc.nat(times.length - 1), fc.nat(times.length - 1)),
        after: fc.constantFrom(...log.map(({ position }) => position)),
        limit: fc.integer({ min: 1, max: 12 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filters, async ({ times: bounds, ...asked }) => {
        const [one, other] = (bounds ?? []).map((index) => times[index]!).sort();
        await expectMatching({ ...asked, ...(one !== undefined && { from: one, to: other! }) });
      }),
      { numRuns: 300 },
    );
  });

  it("read the log from its beginning for none but a reading without a filter", async () => {
    readAlls = 0;
    const asked: Filters[] = [{ user_id: 1 }, { type: "UserCreated" }, { actor: "user:1" }, { outcome: "failed" }];
    for (const filters of asked) await expectMatching(filters);
    await expectMatching({ delivery_id: deliveries[0]!.id });
    await expectMatching({ stream: "user-1" });
    expect(readAlls).toBe(0);
  });
});
