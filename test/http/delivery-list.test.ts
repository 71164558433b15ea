import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, expectBroken, newDelivery, newEndpoint, newUser } from "./asking.ts";
import type { Reply } from "./asking.ts";

const CURSOR = "cursor must be the next_cursor of an earlier page with the same filters";

interface Page {
  readonly data: readonly { id: string; status: string; endpoint_id: number; created_at: string }[];
  readonly next_cursor: string | null;
}

describe("the list of deliveries", () => {
  /** Moved by the tests; two deliveries of the same moment are part of them. */
  let now = Date.parse(NOW) - 10_000;
  const clock: Clock = {
    ...systemClock,
    now: () => now,
  };
  let gateway: Gateway;
  let key: string;
  let first: number;
  let second: number;
  /** Newest first. */
  const ids: string[] = [];

  beforeAll(async () => {
    gateway = await startTestGateway({ clock, deliver: false });
    key = await newUser(gateway);
    first = await newEndpoint(gateway, key, "https://example.com/1");
    second = await newEndpoint(gateway, key, "https://example.com/2");
    for (let n = 0; n < 30; n++) {
      if (n % 3 === 0) now += 1_000;
      ids.unshift(await newDelivery(gateway, key, n % 2 === 0 ? first : second));
    }
  });
  afterAll(() => gateway.stop());

  function list(query: string, as = key): Promise<Reply> {
    return ask(gateway, `GET /v1/deliveries${query}`, { key: as });
  }

  async function page(query: string): Promise<Page> {
    const reply = await list(query);
    expect(reply.status).toBe(200);
    return reply.json() as Page;
  }

  /** All pages, one after the other. */
  async function all(query: string, between: () => Promise<unknown> = async () => undefined): Promise<string[]> {
    const seen: string[] = [];
    for (let cursor = ""; ;) {
      const { data, next_cursor } = await page(`${query}${cursor}`);
      seen.push(...data.map(({ id }) => id));
      if (next_cursor === null) return seen;
      cursor = `&cursor=${next_cursor}`;
      await between();
    }
  }

  it("has the newest first, twenty a page", async () => {
    const { data, next_cursor } = await page("");
    const shown = data.map(({ id }) => id);
    // Those of one moment come in any order, and the page ends among three of them.
    expect(shown.slice(0, 18).toSorted()).toEqual(ids.slice(0, 18).toSorted());
    expect(shown.slice(18).filter((id) => ids.slice(18, 21).includes(id))).toHaveLength(2);
    const times = data.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted().reverse());
    expect(next_cursor).not.toBeNull();
    expect((await list("?limit=1")).text).toMatch(/^\{"data":\[\{"id":".*\}\],"next_cursor":"[\w-]+"\}$/);
  });

  it.each([1, 2, 7, 29, 30, 31, 100])("shows each delivery exactly once in pages of %i", async (limit) => {
    const seen = await all(`?limit=${limit}`);
    expect(seen).toHaveLength(ids.length);
    expect(new Set(seen)).toEqual(new Set(ids));
  });

  it("shows each delivery exactly once while new ones arrive", async () => {
    const before = [...ids];
    const seen = await all("?limit=4", async () => ids.unshift(await newDelivery(gateway, key, first)));
    expect(seen).toHaveLength(before.length);
    expect(new Set(seen)).toEqual(new Set(before));
  });

  it("is filtered by endpoint, status and time", async () => {
    const { data } = await page(`?endpoint_id=${second}&limit=100`);
    expect(data).toHaveLength(15);
    expect(new Set(data.map(({ endpoint_id }) => endpoint_id))).toEqual(new Set([second]));
    expect(await all(`?endpoint_id=${second}&limit=2`)).toHaveLength(15);

    expect((await page("?status=SUCCESS")).data).toEqual([]);
    expect(await all("?status=PENDING&limit=9")).toHaveLength(ids.length);
    expect((await page(`?endpoint_id=${second}&status=FAILED`)).data).toEqual([]);

    const within = await page("?from=2026-01-31T11:59:53Z&to=2026-01-31T12:59:55%2B01:00&limit=100");
    const times = new Set(within.data.map(({ created_at }) => created_at));
    expect(times).toEqual(new Set(["2026-01-31T11:59:53.000Z", "2026-01-31T11:59:54.000Z"]));
    expect(await all("?from=2026-01-31T11:59:53Z&to=2026-01-31T11:59:55Z&limit=1")).toHaveLength(6);

    // A time just after a delivery's leaves it out of what came later, and has it in what came before.
    const finer = await page("?from=2026-01-31T11:59:53.0001Z&to=2026-01-31T11:59:55.0001Z&limit=100");
    const later = new Set(finer.data.map(({ created_at }) => created_at));
    expect(later).toEqual(new Set(["2026-01-31T11:59:54.000Z", "2026-01-31T11:59:55.000Z"]));
    expect((await page("?endpoint_id=12345")).data).toEqual([]);
  });

  it("takes an empty parameter for an absent one", async () => {
    const { data } = await page("?status=&endpoint_id=&from=&to=&limit=&cursor=");
    expect(data).toHaveLength(20);
  });

  it.each([
    ["?limit=0", "limit must be between 1 and 100"],
    ["?limit=101", "limit must be between 1 and 100"],
    ["?limit=-1", "limit must be between 1 and 100"],
    ["?limit=1.5", "limit must be an integer"],
    ["?limit=ten", "limit must be an integer"],
    ["?limit=0x10", "limit must be an integer"],
    ["?status=pending", "status must be one of PENDING, SUCCESS, FAILED, CANCELED"],
    ["?endpoint_id=0", "endpoint_id must be greater than 0"],
    ["?endpoint_id=one", "endpoint_id must be an integer"],
    ["?from=yesterday", "from must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z"],
    ["?to=2026-13-01T00:00:00Z", "to must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z"],
    ["?from=2026-01-31T12:00:01Z&to=2026-01-31T12:00:00Z", "from must not be after to"],
    ["?page=1", 'unknown parameter "page"'],
    ["?__proto__=1", 'unknown parameter "__proto__"'],
    ["?limit=1&limit=1", "limit must be given once"],
    ["?cursor=a&cursor=b", "cursor must be given once"],
    ["?user_id=2", 'unknown parameter "user_id"'],
    ["?cursor=nonsense", CURSOR],
    ["?cursor=%00", CURSOR],
  ])("refuses %s", async (query, message) => {
    expectBroken(await list(query), message);
  });

  it("tells everything that is wrong with a query", async () => {
    expectBroken(
      await list("?limit=0&x=1&status=DONE&endpoint_id=0"),
      "status must be one of PENDING, SUCCESS, FAILED, CANCELED",
      "endpoint_id must be greater than 0",
      "limit must be between 1 and 100",
      'unknown parameter "x"',
    );
  });

  describe("with a cursor", () => {
    let cursor: string;
    beforeAll(async () => {
      cursor = (await page("?limit=2")).next_cursor ?? "";
    });

    it("goes on with any other limit", async () => {
      expect((await page(`?limit=5&cursor=${cursor}`)).data).toHaveLength(5);
    });

    it("refuses it for other filters", async () => {
      for (const filter of [
        "status=PENDING",
        `endpoint_id=${first}`,
        "from=2020-01-01T00:00:00Z",
        "to=2030-01-01T00:00:00Z",
      ]) {
        expectBroken(await list(`?${filter}&cursor=${cursor}`), CURSOR);
      }
    });

    it("refuses another user's", async () => {
      expectBroken(await list(`?cursor=${cursor}`, await newUser(gateway)), CURSOR);
    });

    it("refuses it with any one character changed, added or missing", async () => {
      for (let at = 0; at < cursor.length; at++) {
        const other = cursor[at] === "A" ? "B" : "A";
        expectBroken(await list(`?cursor=${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`), CURSOR);
        expectBroken(await list(`?cursor=${cursor.slice(0, at)}${cursor.slice(at + 1)}`), CURSOR);
      }
      for (const end of ["A", "=", ".", "%20", "!"]) expectBroken(await list(`?cursor=${cursor}${end}`), CURSOR);
      const twice = Buffer.from(cursor, "base64url").toString("base64").replace(/=*$/, "==");
      expectBroken(await list(`?cursor=${encodeURIComponent(twice)}`), CURSOR);
    });

    it("refuses one that somebody wrote without the key", async () => {
      const place = Buffer.from(JSON.stringify(["2026-01-31T12:00:00.000Z", ids[0]]));
      expectBroken(await list(`?cursor=${place.toString("base64url")}`), CURSOR);
      expectBroken(await list(`?cursor=${Buffer.concat([Buffer.alloc(16), place]).toString("base64url")}`), CURSOR);
    });
  });
});
