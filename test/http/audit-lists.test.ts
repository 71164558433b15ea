import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, expectBroken, expectError, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

const SHARED = "https://example.com/shared?a=1";
const EMPTY = '{"data":[],"next_cursor":null}';

interface List {
  readonly data: readonly { readonly id: number }[];
  readonly next_cursor: string | null;
}

describe("the lists of auditors", () => {
  let gateway: Gateway;
  const keys: string[] = [];

  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    for (const body of [
      { username: "alice", email: "alice@bücher.example" },
      { username: "bobby" },
      { username: "Alice", email: "alice@example.com" },
    ]) {
      const reply = await ask(gateway, "POST /v1/users", { body });
      keys.push((reply.json() as { api_key: string }).api_key);
    }
    const [alice, bobby] = keys;
    const register = (key: string | undefined, url: string) =>
      ask(gateway, "POST /v1/endpoints", {
        key: key ?? "",
        body: { url, nickname: "an endpoint", headers: { "X-A": "1" } },
      });
    await register(alice, SHARED);
    await register(bobby, SHARED);
    await register(alice, "https://example.com/own");
    await register(bobby, "https://example.com/bobby");
    await ask(gateway, "POST /v1/endpoints/1/disable", { key: alice ?? "" });
    await ask(gateway, "DELETE /v1/endpoints/2", { key: bobby ?? "" });
  });
  afterAll(() => gateway.stop());

  const read = (path: string): Promise<Reply> =>
    ask(gateway, `GET /v1/audit/${path}`, { key: TEST_STAFF_KEYS.auditor });
  const ids = async (path: string): Promise<number[]> => {
    const reply = await read(path);
    expect(reply.status, reply.text).toBe(200);
    return (reply.json() as List).data.map(({ id }) => id);
  };
  const query = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();

  it("want an auditor's or operator's key", async () => {
    for (const line of ["GET /v1/audit/users?limit=0", "GET /v1/audit/endpoints?nothing=1"]) {
      expectError(await ask(gateway, line), 400, "Missing or invalid API key");
      expectError(await ask(gateway, line, { key: randomUUID() }), 400, "Missing or invalid API key");
      const client = await ask(gateway, line, { key: keys[0] ?? "" });
      expectError(client, 403, "This API key is not for this route");
    }
    for (const key of Object.values(TEST_STAFF_KEYS)) {
      for (const list of ["users", "endpoints"]) {
        expect((await ask(gateway, `GET /v1/audit/${list}`, { key })).status).toBe(200);
      }
    }
  });

  it("have every user, without keys", async () => {
    expect((await read("users")).text).toBe(
      `{"data":[{"id":1,"username":"alice","email":"alice@bücher.example","created_at":"${NOW}"},` +
        `{"id":2,"username":"bobby","email":null,"created_at":"${NOW}"},` +
        `{"id":3,"username":"Alice","email":"alice@example.com","created_at":"${NOW}"}],"next_cursor":null}`,
    );
  });

  it("have every endpoint of all users, deleted ones as well, without secrets and headers", async () => {
    const { data } = (await read("endpoints")).json() as List;
    const rest = { nickname: "an endpoint", created_at: NOW, updated_at: NOW };
    expect(data).toEqual([
      { id: 1, user_id: 1, url: SHARED, ...rest, status: "disabled", disabled_reason: "requested" },
      { id: 2, user_id: 2, url: SHARED, ...rest, status: "deleted", disabled_reason: null },
      { id: 3, user_id: 1, url: "https://example.com/own", ...rest, status: "enabled", disabled_reason: null },
      { id: 4, user_id: 2, url: "https://example.com/bobby", ...rest, status: "enabled", disabled_reason: null },
    ]);
    expect((await read("endpoints?limit=1")).text).toMatch(
      /^\{"data":\[\{"id":1,"user_id":1,"url":"[^"]+","nickname":"an endpoint","status":"disabled","disabled_reason":"requested","created_at":"[^"]+","updated_at":"[^"]+"\}\],"next_cursor":"[\w-]+"\}$/,
    );
  });

  it("find users by name and by address", async () => {
    expect(await ids("users?username=alice")).toEqual([1]);
    expect(await ids("users?username=Alice")).toEqual([3]);
    expect(await ids("users?username=ali")).toEqual([]);
    expect(await ids(`users?${query({ email: "alice@XN--BCHER-KVA.example" })}`)).toEqual([1]);
    expect(await ids(`users?${query({ email: "ALICE@bücher.example" })}`)).toEqual([]);
    expect(await ids(`users?${query({ email: "alice@example.com", username: "Alice" })}`)).toEqual([3]);
    expect(await ids(`users?${query({ email: "alice@example.com", username: "alice" })}`)).toEqual([]);
    expect((await read("users?username=nobody_here")).text).toBe(EMPTY);
    expect((await read("users?email=nobody")).text).toBe(EMPTY);
    expect(await ids("users?username=&email=")).toEqual([1, 2, 3]);
  });

  it("find endpoints by URL and by user", async () => {
    expect(await ids(`endpoints?${query({ url: SHARED })}`)).toEqual([1, 2]);
    expect(await ids(`endpoints?${query({ url: SHARED.toUpperCase() })}`)).toEqual([]);
    expect(await ids("endpoints?username=bobby")).toEqual([2, 4]);
    expect(await ids("endpoints?user_id=1")).toEqual([1, 3]);
    expect(await ids("endpoints?user_id=1&username=alice")).toEqual([1, 3]);
    expect(await ids("endpoints?user_id=1&username=bobby")).toEqual([]);
    expect(await ids(`endpoints?${query({ url: SHARED, username: "bobby" })}`)).toEqual([2]);
    expect(await ids(`endpoints?${query({ url: SHARED, user_id: "3" })}`)).toEqual([]);
    expect((await read("endpoints?username=nobody_here")).text).toBe(EMPTY);
    expect((await read("endpoints?user_id=77")).text).toBe(EMPTY);
  });

  it.each(["users?", "endpoints?", `endpoints?url=${encodeURIComponent(SHARED)}&`, "endpoints?username=bobby&"])(
    "go on page by page with a cursor of the same filters: %s",
    async (list) => {
      const whole = await ids(`${list}limit=100`);
      const seen: number[] = [];
      for (let cursor = ""; ;) {
        const { data, next_cursor } = (await read(`${list}limit=1${cursor}`)).json() as List;
        seen.push(...data.map(({ id }) => id));
        if (next_cursor === null) break;
        cursor = `&cursor=${next_cursor}`;
        for (const other of ["users?email=x", "endpoints?user_id=1"]) {
          const message = "cursor must be the next_cursor of an earlier page with the same filters";
          expectBroken(await read(`${other}${cursor}`), message);
        }
      }
      expect(seen).toEqual(whole);
    },
  );

  it("refuse what they do not know with what they know, and other mistakes as elsewhere", async () => {
    const ofUsers = "the parameters are username, email, limit, cursor";
    expectBroken(await read("users?name=alice"), 'unknown parameter "name"', ofUsers);
    expectBroken(
      await read("users?limit=0&user_id=1"),
      "limit must be between 1 and 100",
      'unknown parameter "user_id"',
      ofUsers,
    );
    expectBroken(
      await read("endpoints?id=1"),
      'unknown parameter "id"',
      "the parameters are url, username, user_id, limit, cursor",
    );
    for (const user of ["0", "-1"]) {
      expectBroken(await read(`endpoints?user_id=${user}`), "user_id must be greater than 0");
    }
    for (const user of ["1.5", "alice"]) {
      expectBroken(await read(`endpoints?user_id=${user}`), "user_id must be an integer");
    }
    expectBroken(await read("users?username=alice&username=bobby"), "username must be given once");
    expectBroken(await read("users?limit=101"), "limit must be between 1 and 100");
  });
});
