import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schemaVersionOf } from "../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { until } from "../fixtures/until.ts";
import { attempted, at, failed, held, msAt, started, UNKNOWN } from "../specification/delivery-story.ts";
import { ask, newDelivery, newEndpoint, newUser } from "./asking.ts";

const { operator, auditor } = TEST_STAFF_KEYS;

interface Row {
  readonly id: string;
  readonly since: string;
  readonly waiting_for: string | null;
}
interface Page {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

describe("the deliveries that an operator lists", () => {
  /** Moved by the tests. */
  let now = msAt(0);
  /** How much longer everything takes than it does. */
  let slowness = 0;
  const clock: Clock = { ...systemClock, now: () => now, monotonic: () => performance.now() * (1 + slowness) };
  const storage = memoryStorage(clock);
  let gateway: Gateway;
  let alice: string;
  let bob: string;
  const [mine, other, bobs] = [1, 2, 3];
  const ids: Record<"due" | "lapsed" | "retry" | "under_way" | "held" | "failed" | "bobs", string> = {
    due: "",
    lapsed: "",
    retry: "",
    under_way: "",
    held: "",
    failed: "",
    bobs: "",
  };

  async function append(id: string, ...events: GatewayEvent[]): Promise<void> {
    const toAppend = events.map((event) => {
      const metadata = { ...sampleEvent().metadata, schemaVersion: schemaVersionOf(event.type) };
      return sampleEvent({ type: event.type, data: { ...event.data, deliveryId: id }, metadata });
    });
    for (const one of toAppend) await storage.store.append(`delivery-${id}`, [one], "any");
  }

  const list = async (query: string): Promise<Page> => {
    const reply = await ask(gateway, `GET /v1/admin/deliveries?${query}`, { key: operator });
    expect(reply.status).toBe(200);
    return reply.json() as Page;
  };
  const idsOf = async (query: string): Promise<string[]> => (await list(query)).data.map(({ id }) => id);

  beforeAll(async () => {
    gateway = await startTestGateway({ clock, storage, deliver: false });
    [alice, bob] = [await newUser(gateway), await newUser(gateway)];
    expect(await newEndpoint(gateway, alice, "https://example.com/1")).toBe(mine);
    expect(await newEndpoint(gateway, alice, "https://example.com/2")).toBe(other);
    expect(await newEndpoint(gateway, bob, "https://example.com/3")).toBe(bobs);
    const seconds = { lapsed: 0, retry: 1, under_way: 2, held: 3, failed: 4, due: 5, bobs: 6 } as const;
    for (const [name, second] of Object.entries(seconds)) {
      now = msAt(second);
      const to = name === "bobs" ? bobs : name === "held" ? other : mine;
      ids[name as keyof typeof ids] = await newDelivery(gateway, name === "bobs" ? bob : alice, to);
    }
    await append(ids.lapsed, started(1, 0));
    await append(
      ids.retry,
      started(1, 1),
      attempted(1, 1, 2, { ...UNKNOWN, nextAttemptAt: at(90) }),
      started(2, 90),
      attempted(2, 90, 91, { errorCode: "timeout", responseStatus: null, nextAttemptAt: at(300) }),
    );
    await append(ids.under_way, started(1, 95));
    const hold = held(99);
    await append(ids.held, { ...hold, data: { ...hold.data, endpointId: other } });
    await append(ids.failed, started(1, 4), attempted(1, 4, 5), failed(5, "attempts_exhausted"));
    now = msAt(100);
    const head = await storage.store.head();
    await until("the read models to have seen it all", async () => {
      const { data } = (await ask(gateway, "GET /v1/admin/projections", { key: operator })).json() as {
        data: { state: string; position: string }[];
      };
      return data.every(({ state, position }) => state === "live" && position === head);
    });
  });
  afterAll(() => gateway.stop());

  it("are by default those that are due, the longest first, each with why it waits and since when", async () => {
    const reply = await ask(gateway, "GET /v1/admin/deliveries", { key: operator });
    const row = (id: string, user: number, endpoint: number, due: string): string =>
      `{"id":"${id}","user_id":${user},"endpoint_id":${endpoint},"state":"due","due_at":"${due}",` +
      `"waiting_for":"slot","since":"${due}","attempts":0,"last_error":null}`;
    expect(reply.text).toBe(
      `{"data":[${row(ids.due, 1, mine, at(5))},${row(ids.bobs, 2, bobs, at(6))},` +
        // Its process vanished, so it has been due since its lease ended.
        `${row(ids.lapsed, 1, mine, at(30))}],"next_cursor":null}`,
    );
  });

  it("are also those that fall due within some seconds, but not what is under way", async () => {
    expect(await idsOf("state=due&within=199")).not.toContain(ids.retry);
    const { data } = await list("state=due&within=200");
    expect(data.map(({ id }) => id)).toEqual([ids.due, ids.bobs, ids.lapsed, ids.retry]);
    expect(data.at(-1)).toMatchObject({
      due_at: at(300),
      waiting_for: "due_time",
      since: at(91),
      attempts: 2,
      last_error: "timeout",
    });
  });

  it("are what is held, under way or failed", async () => {
    expect((await list("state=held")).data).toMatchObject([
      { id: ids.held, user_id: 1, endpoint_id: other, due_at: null, waiting_for: "endpoint_disabled", since: at(99) },
    ]);
    expect((await list("state=under_way")).data).toMatchObject([
      { id: ids.under_way, due_at: at(125), waiting_for: null, since: at(95) },
    ]);
    expect((await list("state=failed")).data).toMatchObject([
      { id: ids.failed, due_at: null, waiting_for: null, since: at(5), attempts: 1, last_error: "http_status" },
    ]);
  });

  it("are those of one user or one endpoint, what is due by its acceptance", async () => {
    expect(await idsOf("state=due&user_id=1")).toEqual([ids.lapsed, ids.due]);
    expect(await idsOf("state=due&user_id=1&within=200")).toEqual([ids.lapsed, ids.retry, ids.due]);
    expect(await idsOf("state=due&user_id=2")).toEqual([ids.bobs]);
    expect(await idsOf(`state=due&endpoint_id=${bobs}`)).toEqual([ids.bobs]);
    expect(await idsOf(`state=held&user_id=1&endpoint_id=${other}`)).toEqual([ids.held]);
    expect(await idsOf(`state=held&endpoint_id=${mine}`)).toEqual([]);
    expect(await idsOf("state=under_way&user_id=1")).toEqual([ids.under_way]);
    expect(await idsOf(`state=failed&endpoint_id=${mine}`)).toEqual([ids.failed]);
    for (const nobodys of ["user_id=99", "endpoint_id=99", `user_id=2&endpoint_id=${mine}`]) {
      for (const state of ["due", "held", "under_way", "failed"]) {
        expect(await list(`state=${state}&${nobodys}`)).toEqual({ data: [], next_cursor: null });
      }
    }
  });

  it.each([
    "state=due&within=200",
    "state=due&within=200&user_id=1",
    "state=held",
    "state=held&user_id=1",
    "state=failed",
  ])("are each shown once in pages of any size: %s", async (query) => {
    const all = await idsOf(query);
    for (const limit of [1, 2, 3]) {
      const seen: string[] = [];
      for (let cursor = ""; ;) {
        const page = await list(`${query}&limit=${limit}${cursor}`);
        expect(page.data.length).toBeLessThanOrEqual(limit);
        seen.push(...page.data.map(({ id }) => id));
        if (page.next_cursor === null) break;
        cursor = `&cursor=${page.next_cursor}`;
      }
      expect(seen).toEqual(all);
    }
  });

  it("come in short pages where few of many match and looking takes long", async () => {
    slowness = 1e9;
    try {
      const seen: string[] = [];
      let pages = 0;
      for (let cursor = ""; ; pages++) {
        const page = await list(`state=due&within=200&endpoint_id=${other}${cursor}`);
        seen.push(...page.data.map(({ id }) => id));
        if (page.next_cursor === null) break;
        cursor = `&cursor=${page.next_cursor}`;
      }
      expect(seen).toEqual([]);
      expect(pages).toBeGreaterThan(1);
    } finally {
      slowness = 0;
    }
  });

  it("are refused with what a query may have", async () => {
    const refused = async (query: string): Promise<readonly string[]> => {
      const reply = await ask(gateway, `GET /v1/admin/deliveries?${query}`, { key: operator });
      expect(reply.status).toBe(400);
      return (reply.json() as { details: { errors: string[] } }).details.errors;
    };
    expect(await refused("user=1&state=due")).toEqual([
      'unknown parameter "user"',
      "the parameters are state, user_id, endpoint_id, within, limit, cursor",
    ]);
    expect(await refused("state=stuck")).toEqual(["state must be one of due, held, under_way, failed"]);
    expect(await refused("state=held&within=5")).toEqual(["within goes with state=due only"]);
    expect(await refused("within=-1")).toEqual(["within must be a whole number of seconds from 0 to 604800"]);
    expect(await refused("user_id=0")).toEqual(["user_id must be greater than 0"]);
    expect(await refused("endpoint_id=a")).toEqual(["endpoint_id must be an integer"]);
    expect(await refused("limit=101")).toEqual(["limit must be between 1 and 100"]);
    const { next_cursor } = await list("state=due&limit=1");
    expect(await refused(`state=due&user_id=1&cursor=${next_cursor}`)).toEqual([
      "cursor must be the next_cursor of an earlier page with the same filters",
    ]);
  });

  it.each(["deliveries", "endpoints", "users", "overview"])(
    "are the operator's alone, like all of admin/%s",
    async (view) => {
      const line = `GET /v1/admin/${view}`;
      for (const key of [alice, auditor]) {
        const reply = await ask(gateway, line, { key });
        expect([reply.status, (reply.json() as { error: string }).error]).toEqual([
          403,
          "This API key is not for this route",
        ]);
      }
      expect((await ask(gateway, line)).status).toBe(400);
    },
  );

  it("say to their owner why each of them waits", async () => {
    const { data } = (await ask(gateway, "GET /v1/deliveries", { key: alice })).json() as Page;
    const expected = {
      [ids.due]: "slot",
      [ids.lapsed]: "slot",
      [ids.retry]: "due_time",
      [ids.under_way]: null,
      [ids.held]: "endpoint_disabled",
      [ids.failed]: null,
    };
    expect(Object.fromEntries(data.map(({ id, waiting_for }) => [id, waiting_for]))).toEqual(expected);
    for (const [id, waiting_for] of Object.entries(expected)) {
      const reply = await ask(gateway, `GET /v1/deliveries/${id}`, { key: alice });
      expect(reply.json()).toMatchObject({ waiting_for });
    }
  });
});
