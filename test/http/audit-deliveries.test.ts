import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deliveries as deliveriesModel } from "../../src/projections/deliveries.ts";
import { revisionOf } from "../../src/events/store/position.ts";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { DELIVERED, attempted, requested, started } from "../specification/delivery-story.ts";
import { NOW, ask, newDelivery, newEndpoint } from "./asking.ts";
import type { Reply } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

const AUDITOR = { key: TEST_STAFF_KEYS.auditor };
const HOUR_MS = 3_600_000;
const URLS = ["https://shop.example/hook", "https://other.example/hook"] as const;

let now = Date.parse(NOW);
const clock = { ...systemClock, now: () => now };

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
}

describe("GET /v1/audit/deliveries", () => {
  let gateway: Gateway;
  let aliceKey: string;
  /** In the order of their requests, an hour apart: of alice to both URLs in turn, then of bobby to the first. */
  const alices: string[] = [];
  const bobbys: string[] = [];
  const endpoints: number[] = [];
  const storage = memoryStorage(clock);

  async function signUp(username: string, email?: string): Promise<string> {
    const body = { username, ...(email !== undefined && { email }) };
    return ((await ask(gateway, "POST /v1/users", { body })).json() as { api_key: string }).api_key;
  }

  async function deliver(key: string, endpoint: number): Promise<string> {
    const id = await newDelivery(gateway, key, endpoint);
    now += HOUR_MS;
    return id;
  }

  beforeAll(async () => {
    gateway = await startTestGateway({ clock, deliver: false, storage });
    aliceKey = await signUp("alice_1", "alice@Example.com");
    const bobbyKey = await signUp("bobby_1");
    endpoints.push(await newEndpoint(gateway, aliceKey, URLS[0]), await newEndpoint(gateway, aliceKey, URLS[1]));
    endpoints.push(await newEndpoint(gateway, bobbyKey, URLS[0]));
    for (let index = 0; index < 6; index++) alices.push(await deliver(aliceKey, endpoints[index % 2]!));
    for (let index = 0; index < 3; index++) bobbys.push(await deliver(bobbyKey, endpoints[2]!));
    const [first] = alices as [string];
    const story = [started(1, 0, first), attempted(1, 0, 1, { deliveryId: first, ...DELIVERED })];
    const events = story.map(({ type, data }) => sampleEvent({ type, data }));
    await storage.store.append(`delivery-${first}`, events, revisionOf(0));
    // The client's reference, as a dispatch writes it.
    const referred = requested(0, "0198f1a2-0000-7000-8000-00000000abcd", endpoints[2]);
    const data = { ...referred.data, userId: 2, reference: "order 7 / Grüße" };
    await storage.store.append(
      `delivery-${data.deliveryId}`,
      [sampleEvent({ type: referred.type, data })],
      "no_stream",
    );
    bobbys.push(data.deliveryId);
    now += HOUR_MS;
  });
  afterAll(() => gateway.stop());

  function read(filters: Readonly<Record<string, string | number>>): Promise<Reply> {
    const query = new URLSearchParams(
      Object.entries(filters).map(([name, value]): [string, string] => [name, `${value}`]),
    );
    return ask(gateway, `GET /v1/audit/deliveries?${query.toString()}`, AUDITOR);
  }

  async function expectFound(
    filters: Readonly<Record<string, string | number>>,
    ids: readonly string[],
  ): Promise<void> {
    const reply = await read(filters);
    expect(reply.status, reply.text).toBe(200);
    const { data, next_cursor } = reply.json() as Page;
    expect(data.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(next_cursor).toBeNull();
  }

  const toFirst = (): string[] => alices.filter((_id, index) => index % 2 === 0);
  const hour = (index: number): string => new Date(Date.parse(NOW) + index * HOUR_MS).toISOString();

  it("wants the key of an auditor or an operator", async () => {
    expect((await ask(gateway, "GET /v1/audit/deliveries")).json()).toMatchObject({
      error: "Missing or invalid API key",
    });
    expect((await ask(gateway, "GET /v1/audit/deliveries", { key: aliceKey })).status).toBe(403);
    for (const key of Object.values(TEST_STAFF_KEYS)) {
      expect((await ask(gateway, "GET /v1/audit/deliveries", { key })).status).toBe(200);
    }
  });

  it("finds deliveries by what an auditor has in hand, newest first", async () => {
    await expectFound({}, [...alices, ...bobbys]);
    await expectFound({ username: "alice_1" }, alices);
    await expectFound({ email: "alice@example.COM" }, alices);
    await expectFound({ user_id: 2 }, bobbys);
    await expectFound(
      { endpoint_id: endpoints[1]! },
      alices.filter((_id, index) => index % 2 === 1),
    );
    await expectFound({ url: URLS[0] }, [...toFirst(), ...bobbys]);
    await expectFound({ reference: "order 7 / Grüße" }, bobbys.slice(-1));
    await expectFound({ from: hour(2), to: hour(5) }, alices.slice(2, 5));
  });

  it("combines them", async () => {
    await expectFound({ url: URLS[0], username: "alice_1" }, toFirst());
    await expectFound({ url: URLS[0], user_id: 1, from: hour(1), to: hour(5) }, [alices[2]!, alices[4]!]);
    await expectFound({ username: "alice_1", email: "alice@example.com", user_id: 1 }, alices);
    await expectFound({ user_id: 2, reference: "order 7 / Grüße" }, bobbys.slice(-1));
    await expectFound({ url: URLS[0], endpoint_id: endpoints[2]! }, bobbys);
  });

  it("answers 200 with nothing where nothing matches", async () => {
    const nothing = [
      { username: "nobody" },
      { username: "Alice_1" },
      { email: "nobody@example.com" },
      { user_id: 99 },
      { endpoint_id: 99 },
      { url: `${URLS[0]}/` },
      { reference: "order 7" },
      { user_id: 1, reference: "order 7 / Grüße" },
      { user_id: 1, endpoint_id: endpoints[2]! },
      { username: "bobby_1", email: "alice@example.com" },
      { from: "2030-01-01T00:00:00Z" },
      { to: "2020-01-01T00:00:00Z" },
    ];
    for (const filters of nothing) await expectFound(filters, []);
  });

  it("shows each as its owner sees it", async () => {
    const own = await ask(gateway, `GET /v1/deliveries/${alices[0]!}`, { key: aliceKey });
    const { data } = (await read({ to: hour(1) })).json() as Page;
    expect(data).toEqual([own.json()]);
    expect(data).toMatchObject([{ status: "SUCCESS", attempts: 1 }]);
  });

  it("comes in pages that make the whole, and takes no cursor of another list", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = (await read({ user_id: 1, limit: 4, ...(cursor !== null && { cursor }) })).json() as Page;
      seen.push(...page.data.map(({ id }) => id));
      const other = cursor;
      cursor = page.next_cursor;
      if (other !== null || cursor === null) continue;
      const message = "cursor must be the next_cursor of an earlier page with the same filters";
      expect((await read({ user_id: 2, limit: 4, cursor })).json()).toMatchObject({ details: { errors: [message] } });
    } while (cursor !== null);
    expect(seen).toEqual(alices.toReversed());
  });

  it.each([
    ["limit=0", "limit must be between 1 and 100"],
    ["user_id=alice", "user_id must be an integer"],
    ["from=yesterday", "from must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z"],
    ["from=2026-01-31T12:00:00Z&to=2026-01-30T12:00:00Z", "from must not be after to"],
  ])("refuses ?%s", async (query, error) => {
    const reply = await ask(gateway, `GET /v1/audit/deliveries?${query}`, AUDITOR);
    expect(reply.json()).toMatchObject({ status_code: 400, details: { errors: [error] } });
  });

  it("refuses a parameter that it does not know, and lists those that it does", async () => {
    const known = "username, email, user_id, endpoint_id, url, reference, from, to, limit, cursor";
    expect((await read({ user: 1 })).json()).toMatchObject({
      status_code: 400,
      details: { errors: ['unknown parameter "user"', `the parameters are ${known}`] },
    });
  });

  it("is a 503 when a delivery of the log is not in its read model yet", async () => {
    const inner = memoryStorage(clock);
    const load: typeof inner.documents.load = async (collection, ids) =>
      collection.name.startsWith(deliveriesModel.name) ? [] : inner.documents.load(collection, ids);
    const documents = withMethods(inner.documents, { load });
    const late = await startTestGateway({ clock, deliver: false, storage: { ...inner, documents } });
    const body = { username: "late_user" };
    const { api_key: key } = (await ask(late, "POST /v1/users", { body })).json() as { api_key: string };
    await newDelivery(late, key, await newEndpoint(late, key));
    expect((await ask(late, "GET /v1/audit/deliveries", AUDITOR)).status).toBe(503);
    await late.stop();
  });
});
