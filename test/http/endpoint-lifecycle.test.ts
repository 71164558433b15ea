import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import {
  ask,
  dispatchOf,
  expectBroken,
  expectError,
  newDelivery,
  newEndpoint,
  newUser,
  standingClock,
} from "./asking.ts";
import type { Reply } from "./asking.ts";

describe("the life of an endpoint", () => {
  let gateway: Gateway;
  let storage: Storage;
  let key: string;
  let endpoints = 0;
  beforeAll(async () => {
    storage = memoryStorage(standingClock);
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  const another = (): Promise<number> => newEndpoint(gateway, key, `https://example.com/${(endpoints += 1)}`);
  const on = (line: string, body?: unknown): Promise<Reply> =>
    ask(gateway, line, { key, ...(body !== undefined && { body }) });
  const eventsOf = async (id: number): Promise<string[]> =>
    (await storage.store.read(`endpoint-${id}`)).map(({ type }) => type);

  it("is disabled and enabled again, each as often as one likes", async () => {
    const id = await another();
    for (const [verb, status, reason] of [
      ["disable", "disabled", "requested"],
      ["enable", "enabled", null],
    ]) {
      const reply = await on(`POST /v1/endpoints/${id}/${verb}`);
      expect(reply.json()).toMatchObject({ id, status, disabled_reason: reason });
      expect((await on(`POST /v1/endpoints/${id}/${verb}`, {})).text).toBe(reply.text);
      expect((await on(`GET /v1/endpoints/${id}`)).text).toBe(reply.text);
    }
    expect(await eventsOf(id)).toEqual(["EndpointRegistered", "EndpointDisabled", "EndpointEnabled"]);
  });

  it("goes on while it is disabled: what is dispatched is accepted, and it can be changed", async () => {
    const id = await another();
    await on(`POST /v1/endpoints/${id}/disable`);
    const delivery = await newDelivery(gateway, key, id);
    expect((await on(`GET /v1/deliveries/${delivery}`)).json()).toMatchObject({ status: "PENDING" });
    const changed = await on(`PATCH /v1/endpoints/${id}`, { nickname: "at rest" });
    expect(changed.json()).toMatchObject({ nickname: "at rest", status: "disabled" });
  });

  it("ends with its deletion, after which it is unknown", async () => {
    const id = await another();
    const url = `https://example.com/${endpoints}`;
    const reply = await on(`DELETE /v1/endpoints/${id}`);
    expect([reply.status, reply.text]).toEqual([204, ""]);
    const notFound = `Endpoint with id ${id} not found`;
    for (const line of [
      `GET /v1/endpoints/${id}`,
      `DELETE /v1/endpoints/${id}`,
      `POST /v1/endpoints/${id}/disable`,
      `POST /v1/endpoints/${id}/enable`,
      `POST /v1/endpoints/${id}/test`,
      `GET /v1/endpoints/${id}/secret`,
      `GET /v1/endpoints/${id}/statistics`,
    ]) {
      expectError(await on(line), 404, notFound);
    }
    expectError(await on(`PATCH /v1/endpoints/${id}`, { nickname: "nobody" }), 404, notFound);
    expectError(await on("POST /v1/dispatch", dispatchOf(id, '{"a":1}')), 404, notFound);
    expect((await on("GET /v1/users/me")).text).not.toContain(`"${url}"`);
    expect((await on("GET /v1/endpoints?limit=100")).text).not.toContain(`"${url}"`);
    expect(await newEndpoint(gateway, key, url)).not.toBe(id);
  });

  it("keeps the history of its deliveries after its deletion", async () => {
    const id = await another();
    const delivery = await newDelivery(gateway, key, id);
    await on(`DELETE /v1/endpoints/${id}`);
    expect((await on(`GET /v1/deliveries/${delivery}`)).json()).toMatchObject({ endpoint_id: id });
    expect((await on(`GET /v1/deliveries?endpoint_id=${id}`)).text).toContain(delivery);
  });

  const LINES = [
    ...["GET /v1/endpoints/ID", "PATCH /v1/endpoints/ID", "DELETE /v1/endpoints/ID"],
    ...["POST /v1/endpoints/ID/disable", "POST /v1/endpoints/ID/enable", "POST /v1/endpoints/ID/test"],
  ];

  it.each(LINES)("%s is its owner's alone", async (line) => {
    const id = await another();
    const stranger = await newUser(gateway);
    const body = line.startsWith("PATCH") ? { body: {} } : {};
    const asked = (it: number | string, as: string | null): Promise<Reply> =>
      ask(gateway, line.replace("ID", String(it)), { ...body, ...(as !== null && { key: as }) });
    expectError(await asked(id, stranger), 403, "Endpoint access denied");
    expectError(await asked(9_999, key), 404, "Endpoint with id 9999 not found");
    for (const odd of ["0", "-1", "01", "1.0", "one", "9".repeat(20)]) {
      expectError(await asked(odd, key), 404, "Endpoint not found");
    }
    expectError(await asked(id, null), 400, "Missing or invalid API key");
    for (const staff of Object.values(TEST_STAFF_KEYS)) {
      expectError(await asked(id, staff), 403, "This API key is not for this route");
    }
    expect(await eventsOf(id)).toEqual(["EndpointRegistered"]);
  });

  it.each(LINES.filter((line) => /^(POST|DELETE)/.test(line)))("%s takes no fields", async (line) => {
    const id = await another();
    const to = line.replace("ID", String(id));
    expectBroken(await on(to, { force: true }), 'unknown field "force"');
    expectBroken(await on(to, "[]"), "body must be a JSON object");
    expectBroken(await on(to, "{"), "body must be valid JSON");
    const headers = { "content-type": "text/plain" };
    expect((await ask(gateway, to, { key, body: "x", headers })).status).toBe(415);
    expect(await eventsOf(id)).toEqual(["EndpointRegistered"]);
  });
});

describe("the list of endpoints", () => {
  let gateway: Gateway;
  let key: string;
  let other: string;
  const ids: number[] = [];
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    other = await newUser(gateway);
    for (let index = 0; index < 25; index += 1) {
      ids.push(await newEndpoint(gateway, key, `https://example.com/${index}`));
      if (index % 5 === 0) await newEndpoint(gateway, other, `https://example.com/${index}`);
    }
    // Deleted ones leave no holes in a page.
    for (const id of ids.splice(3, 4)) await ask(gateway, `DELETE /v1/endpoints/${id}`, { key });
  });
  afterAll(() => gateway.stop());

  interface List {
    readonly data: readonly { readonly id: number }[];
    readonly next_cursor: string | null;
  }
  const page = async (query: string, as = key): Promise<List> =>
    (await ask(gateway, `GET /v1/endpoints${query}`, { key: as })).json() as List;

  it("shows all of a user, by id, page by page", async () => {
    for (const limit of [1, 2, 5, 20, 21, 22, 100]) {
      const found: number[] = [];
      let pages = 0;
      for (let cursor: string | null = ""; cursor !== null; pages += 1) {
        const list: List = await page(`?limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`);
        expect(list.data.length).toBeLessThanOrEqual(limit);
        found.push(...list.data.map(({ id }) => id));
        cursor = list.next_cursor;
      }
      expect(found).toEqual(ids);
      expect(pages).toBe(Math.ceil(ids.length / limit));
    }
  });

  it("shows 20 unless told otherwise, each as GET does", async () => {
    const { data, next_cursor } = await page("");
    expect(data).toHaveLength(20);
    expect(next_cursor).not.toBe(null);
    const reply = await ask(gateway, `GET /v1/endpoints/${ids[0]}`, { key });
    expect(JSON.stringify(data[0])).toBe(reply.text);
  });

  it("is empty, and no error, for a user without any", async () => {
    const reply = await ask(gateway, "GET /v1/endpoints", { key: await newUser(gateway) });
    expect(reply.text).toBe('{"data":[],"next_cursor":null}');
  });

  it("refuses the cursor of another user, of another list, and a forged one", async () => {
    const { next_cursor: cursor } = await page("?limit=1");
    const errors = "cursor must be the next_cursor of an earlier page with the same filters";
    expectBroken(await ask(gateway, `GET /v1/endpoints?cursor=${cursor}`, { key: other }), errors);
    expectBroken(await ask(gateway, `GET /v1/deliveries?cursor=${cursor}`, { key }), errors);
    expectBroken(await ask(gateway, `GET /v1/endpoints?cursor=x${cursor}`, { key }), errors);
    expect((await page(`?limit=2&cursor=${cursor}`)).data.map(({ id }) => id)).toEqual(ids.slice(1, 3));
  });

  it.each([
    ["limit=0", "limit must be between 1 and 100"],
    ["limit=101", "limit must be between 1 and 100"],
    ["limit=x", "limit must be an integer"],
    ["limit=1&limit=2", "limit must be given once"],
    ["status=enabled", 'unknown parameter "status"'],
  ])("refuses ?%s", async (query, error) => {
    expectBroken(await ask(gateway, `GET /v1/endpoints?${query}`, { key }), error);
  });
});
