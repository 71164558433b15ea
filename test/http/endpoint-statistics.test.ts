import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { eventsToAppend } from "../../src/commands/handling/command-context.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import { deliveryStream } from "../../src/events/delivery.ts";
import { endpointStream } from "../../src/events/endpoint.ts";
import { userStream } from "../../src/events/user.ts";
import type { Gateway } from "../../src/gateway.ts";
import { apiKeyDigest } from "../../src/http/access/authentication.ts";
import { endpointStatistics } from "../../src/projections/endpoint-statistics/endpoint-statistics.ts";
import { PROJECTIONS } from "../../src/projections/read-models.ts";
import { ProjectionHost } from "../../src/projections/running/projection-host.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { newContext } from "../fixtures/event-log/store-doubles.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { until } from "../fixtures/until.ts";
import { DELIVERED, UNKNOWN, at, attempted, failed, requested, started } from "../specification/delivery-story.ts";
import { registered } from "../specification/endpoint-story.ts";
import { ask, expectBroken, expectError, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

const KEYS = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"] as const;
const CURSOR = "cursor must be the next_cursor of an earlier page with the same filters";
const DAY = 24 * 60 * 60;
const DAYS = 5;

interface Page {
  readonly data: readonly { readonly day: string }[];
  readonly next_cursor: string | null;
}

/** Two users with an endpoint each, and one delivery of the first a day, some of which needs a second attempt. */
async function writeLog({ store }: Storage): Promise<void> {
  const append = async (stream: string, ...events: readonly GatewayEvent[]): Promise<void> => {
    await store.append(stream, eventsToAppend(events, newContext()), "no_stream");
  };
  for (const [index, key] of KEYS.entries()) {
    const userId = index + 1;
    const user = { userId, username: `user_${userId}`, email: null, apiKeyDigest: apiKeyDigest(key), createdAt: at(0) };
    await append(userStream(userId), { type: "UserCreated", data: user });
    const url = `https://example.com/${userId}`;
    await append(endpointStream(userId), registered({ endpointId: userId, userId, url }));
  }
  for (let day = 0; day < DAYS; day++) {
    const deliveryId = `0198f1a2-0000-7000-8000-00000000000${day}`;
    const begin = day * DAY;
    await append(
      deliveryStream(deliveryId),
      requested(begin, deliveryId, 1),
      started(1, begin, deliveryId),
      attempted(1, begin, begin + 1, { deliveryId, ...(day === 0 ? UNKNOWN : { durationMs: 12, errorCode: "tls" }) }),
      started(2, begin + 61, deliveryId),
      ...(day === 1
        ? [attempted(2, begin + 61, begin + 62, { deliveryId }), { ...failed(begin + 62, "attempts_exhausted") }].map(
            (event) => ({ ...event, data: { ...event.data, deliveryId } }) as GatewayEvent,
          )
        : [attempted(2, begin + 61, begin + 62, { deliveryId, ...DELIVERED, durationMs: 18 })]),
    );
  }
}

/** What a program did that did not know the statistics: all its models are at the log's end. */
async function foldWithoutStatistics({ store, documents }: Storage): Promise<void> {
  const older = PROJECTIONS.filter((projection) => projection !== endpointStatistics);
  const head = await store.head();
  const reached = new Set<string>();
  const abort = new AbortController();
  const host = new ProjectionHost(older, store, documents, standingClock, (report) => {
    if (report.kind === "status" && report.status.position === head) reached.add(report.status.name);
  });
  const ended = host.run(abort.signal);
  await until("the older read models", () => reached.size === older.length);
  abort.abort();
  await ended;
}

describe("the statistics of an endpoint whose events are older than the read model", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const storage = memoryStorage(standingClock);
    await writeLog(storage);
    await foldWithoutStatistics(storage);
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
  });
  afterAll(() => gateway.stop());

  function statistics(query = "", { id = "1", key = KEYS[0] }: { id?: string; key?: string } = {}): Promise<Reply> {
    return ask(gateway, `GET /v1/endpoints/${id}/statistics${query}`, { key });
  }

  async function page(query: string): Promise<Page> {
    const reply = await statistics(query);
    expect(reply.status, reply.text).toBe(200);
    return reply.json() as Page;
  }

  async function days(query: string): Promise<string[]> {
    return (await page(query)).data.map(({ day }) => day.slice(-2));
  }

  it("are complete, latest day first, to the byte", async () => {
    const usual =
      `"delivered":1,"failed":0,"attempts":2,"attempt_outcomes":{"delivered":1,"failed":1,"unknown":0},` +
      `"p50_duration_ms":12,"p95_duration_ms":18,"error_codes":{"tls":1}`;
    const second =
      `"delivered":0,"failed":1,"attempts":2,"attempt_outcomes":{"delivered":0,"failed":2,"unknown":0},` +
      `"p50_duration_ms":12,"p95_duration_ms":1069,"error_codes":{"http_status":1,"tls":1}`;
    const first =
      `"delivered":1,"failed":0,"attempts":2,"attempt_outcomes":{"delivered":1,"failed":0,"unknown":1},` +
      `"p50_duration_ms":18,"p95_duration_ms":18,"error_codes":{}`;
    const data = [usual, usual, usual, second, first].map((day, index) => `{"day":"2026-03-0${DAYS - index}",${day}}`);
    expect((await statistics()).text).toBe(`{"data":[${data.join()}],"next_cursor":null}`);
  });

  it("are empty for an endpoint to which nothing was sent", async () => {
    expect((await statistics("", { id: "2", key: KEYS[1] })).text).toBe(`{"data":[],"next_cursor":null}`);
  });

  it.each([
    ["?from=2026-03-03", ["05", "04", "03"]],
    ["?to=2026-03-03", ["02", "01"]],
    ["?from=2026-03-02&to=2026-03-04", ["03", "02"]],
    ["?from=2026-03-02&to=2026-03-02", []],
    ["?limit=2", ["05", "04"]],
    ["?from=&to=&limit=&cursor=", ["05", "04", "03", "02", "01"]],
  ])("are those of the days that %s asks for", async (query, expected) => {
    expect(await days(query)).toEqual(expected);
  });

  it("come in pages, each day once", async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const { data, next_cursor } = await page(`?limit=2&cursor=${cursor}`);
      seen.push(...data.map(({ day }) => day.slice(-2)));
      cursor = next_cursor;
    }
    expect(seen).toEqual(["05", "04", "03", "02", "01"]);
  });

  it("refuse a cursor with other filters, of another list, or made up", async () => {
    const { next_cursor } = await page("?limit=2");
    for (const query of [`from=2026-03-01&cursor=${next_cursor}`, "cursor=nonsense"]) {
      expectBroken(await statistics(`?${query}`), CURSOR);
    }
    const deliveries = await ask(gateway, "GET /v1/deliveries?limit=1", { key: KEYS[0] });
    expectBroken(await statistics(`?cursor=${(deliveries.json() as Page).next_cursor}`), CURSOR);
  });

  it.each([
    ["?from=2026-3-1", "from must be a day such as 2026-01-31"],
    ["?to=2026-02-30", "to must be a day such as 2026-01-31"],
    ["?from=2026-01-31T12:00:00.000Z", "from must be a day such as 2026-01-31"],
    ["?from=2026-03-02&to=2026-03-01", "from must not be after to"],
    ["?limit=0", "limit must be between 1 and 100"],
    ["?limit=101", "limit must be between 1 and 100"],
    ["?limit=ten", "limit must be an integer"],
    ["?from=2026-03-01&from=2026-03-01", "from must be given once"],
    ["?day=2026-03-01", 'unknown parameter "day"'],
  ])("refuse %s", async (query, message) => {
    expectBroken(await statistics(query), message);
  });

  it("are for the endpoint's own user alone", async () => {
    expectError(await statistics("", { key: KEYS[1] }), 403, "Endpoint access denied");
    expectError(await statistics("", { id: "7" }), 404, "Endpoint with id 7 not found");
    for (const id of ["0", "-1", "01", "1.0", "one", "9".repeat(20)]) {
      expectError(await statistics("", { id }), 404, "Endpoint not found");
    }
    expectError(await ask(gateway, "GET /v1/endpoints/1/statistics"), 400, "Missing or invalid API key");
    for (const key of Object.values(TEST_STAFF_KEYS)) {
      expectError(await statistics("", { key }), 403, "This API key is not for this route");
    }
  });
});

describe("the statistics of an endpoint that is delivered to", () => {
  it("have what a delivery that ended did to its day", async () => {
    const receiver = await startReceiver();
    receiver.answer(respondWith(201, "thank you"));
    const gateway = await startTestGateway({ env: { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" } });
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key, receiver.url("/hook"));
    const id = await newDelivery(gateway, key, endpoint);
    const delivery = await vi.waitFor(
      async () => {
        const found = (await ask(gateway, `GET /v1/deliveries/${id}`, { key })).json() as Record<string, string>;
        expect(found["status"]).toBe("SUCCESS");
        return found;
      },
      { timeout: 20_000, interval: 20 },
    );
    const { data } = (await ask(gateway, `GET /v1/endpoints/${endpoint}/statistics`, { key })).json() as Page;
    expect(data).toMatchObject([{ day: delivery["completed_at"]?.slice(0, 10), delivered: 1, failed: 0, attempts: 1 }]);
    await gateway.stop();
    await receiver.close();
  });
});
