import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

/** How many change one endpoint together. */
const TOGETHER = 50;

describe("changes of one endpoint", () => {
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
  const on = (line: string, ifMatch = "", body?: unknown): Promise<Reply> =>
    ask(gateway, line, { key, headers: { "if-match": ifMatch }, ...(body !== undefined && { body }) });
  const together = (changeOf: (n: number) => Promise<Reply>): Promise<Reply[]> =>
    Promise.all(Array.from({ length: TOGETHER }, (_, n) => changeOf(n)));
  const statusesOf = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status);
  const allOk = Array<number>(TOGETHER).fill(200);

  it(`are all made when ${TOGETHER} come at once`, async () => {
    const id = await another();
    const names = await together((n) =>
      ask(gateway, `PATCH /v1/endpoints/${id}`, { key, body: { nickname: `nickname ${n}` } }),
    );
    expect(statusesOf(names)).toEqual(allOk);
    const secrets = await together(() => ask(gateway, `POST /v1/endpoints/${id}/secret/rotate`, { key }));
    expect(statusesOf(secrets)).toEqual(allOk);
    expect(await storage.store.read(`endpoint-${id}`)).toHaveLength(1 + 2 * TOGETHER);
  });

  it("move its URL to and fro without losing the reservation of either", async () => {
    const id = await another();
    const moves = await together((n) =>
      ask(gateway, `PATCH /v1/endpoints/${id}`, { key, body: { url: `https://example.com/moved/${n % 2}` } }),
    );
    expect(statusesOf(moves)).toEqual(allOk);
    const { url } = (await ask(gateway, `GET /v1/endpoints/${id}`, { key })).json() as { url: string };
    const registered = await ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "another one" } });
    expect(registered.status).toBe(409);
    expect(await newEndpoint(gateway, key, `https://example.com/moved/${url.endsWith("0") ? 1 : 0}`)).not.toBe(id);
  });

  const tagOf = async (id: number): Promise<string> => String((await on(`GET /v1/endpoints/${id}`)).headers["etag"]);

  it("are refused with an ETag that the endpoint has no more, and change nothing", async () => {
    const id = await another();
    const tag = await tagOf(id);
    expect(tag).toMatch(/^"[\x21\x23-\x7e]+"$/);
    const first = await on(`PATCH /v1/endpoints/${id}`, tag, { nickname: "the first" });
    expect([first.status, first.headers["etag"]]).toEqual([200, await tagOf(id)]);
    const before = (await on(`GET /v1/endpoints/${id}`)).text;
    const refused = [
      await on(`PATCH /v1/endpoints/${id}`, tag, { nickname: "the second" }),
      await on(`PATCH /v1/endpoints/${id}`, tag, { nickname: "the first" }),
      await on(`POST /v1/endpoints/${id}/secret/rotate`, tag),
      await on(`POST /v1/endpoints/${id}/disable`, tag),
      await on(`POST /v1/endpoints/${id}/enable`, tag),
      await on(`DELETE /v1/endpoints/${id}`, tag),
      await on(`PATCH /v1/endpoints/${id}`, `W/${await tagOf(id)}`, { nickname: "the second" }),
      await on(`PATCH /v1/endpoints/${id}`, '"another"', { nickname: "the second" }),
    ];
    for (const reply of refused) expectError(reply, 412, "Endpoint does not match If-Match");
    expect((await on(`GET /v1/endpoints/${id}`)).text).toBe(before);
    const listed = `"another", ${tag} ,${await tagOf(id)}`;
    for (const match of [listed, "*"]) {
      expect((await on(`PATCH /v1/endpoints/${id}`, match, { nickname: `nickname ${match.length}` })).status).toBe(200);
    }
    expect((await on(`DELETE /v1/endpoints/${id}`, await tagOf(id))).status).toBe(204);
    expect((await on(`DELETE /v1/endpoints/${id}`, "*")).status).toBe(404);
  });

  it("have one winner of many with one ETag, rotations too", async () => {
    const id = await another();
    for (const [line, body] of [
      [`POST /v1/endpoints/${id}/secret/rotate`, {}],
      [`PATCH /v1/endpoints/${id}`, { max_concurrency: 9 }],
    ] as const) {
      const tag = await tagOf(id);
      const statuses = statusesOf(await together(() => on(line, tag, body))).toSorted((a, b) => a - b);
      expect(statuses).toEqual([200, ...Array<number>(TOGETHER - 1).fill(412)]);
      expect(await tagOf(id)).not.toBe(tag);
    }
  });
});
