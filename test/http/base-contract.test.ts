import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf, expectError, standingClock } from "./asking.ts";

const API_KEY = /^\{"api_key":"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"\}$/;

describe("the base contract, to the byte", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
  });
  afterAll(() => gateway.stop());

  async function createUser(body: object): Promise<string> {
    const reply = await ask(gateway, "POST /v1/users", { body });
    expect(reply.status).toBe(201);
    expect(reply.text).toMatch(API_KEY);
    return API_KEY.exec(reply.text)?.[1] ?? "";
  }

  it("answers a ping with pong, as plain text", async () => {
    const reply = await ask(gateway, "GET /v1/ping");
    expect(reply).toMatchObject({ status: 200, text: "pong" });
    expect(reply.headers).toMatchObject({ "content-type": "text/plain; charset=UTF-8", "content-length": "4" });
  });

  it("tells the story of two users, their endpoints and a dispatch", async () => {
    const ada = await createUser({ username: "ada_lovelace", email: "Ada@Example.COM" });
    const bob = await createUser({ email: null, username: "bobby" });
    expect(ada).not.toBe(bob);
    expect((await ask(gateway, "GET /v1/users/me", { key: bob })).text).toBe(
      '{"id":2,"username":"bobby","email":null,"endpoints":[]}',
    );

    const first = { url: "HTTPS://Example.com:443/%7Ea/../ö?q=1&r=%zz", nickname: 'the "first" 漢字' };
    const registered = await ask(gateway, "POST /v1/endpoints", { key: ada, body: first });
    expect(registered.status).toBe(201);
    const firstText = `{"id":1,"url":"${first.url}","nickname":"the \\"first\\" 漢字","user_id":1}`;
    expect(registered.text).toBe(firstText);
    const second = { nickname: "the second", url: "http://example.com" };
    const secondText = '{"id":2,"url":"http://example.com","nickname":"the second","user_id":1}';
    expect((await ask(gateway, "POST /v1/endpoints", { key: ada, body: second })).text).toBe(secondText);

    const me = await ask(gateway, "GET /v1/users/me", { key: ada });
    expect(me.status).toBe(200);
    expect(me.text).toBe(
      `{"id":1,"username":"ada_lovelace","email":"Ada@Example.COM","endpoints":[${firstText},${secondText}]}`,
    );
    expect(me.headers["content-length"]).toBe(String(Buffer.byteLength(me.text)));

    const accepted = await ask(gateway, "POST /v1/dispatch", { key: ada, body: dispatchOf(1, '{"a":1}') });
    expect(accepted.status).toBe(202);
    expectError(
      await ask(gateway, "POST /v1/dispatch", { key: ada, body: dispatchOf(7, '{"a":1}') }),
      404,
      "Endpoint with id 7 not found",
    );
    expectError(
      await ask(gateway, "POST /v1/dispatch", { key: bob, body: dispatchOf(1, '{"a":1}') }),
      403,
      "Endpoint access denied",
    );
  });

  it("lists endpoints by their number, also beyond nine", async () => {
    const key = await createUser({ username: "collector" });
    for (let n = 0; n < 12; n++) {
      await ask(gateway, "POST /v1/endpoints", {
        key,
        body: { url: `https://example.com/${n}`, nickname: "numbered" },
      });
    }
    const me = await ask(gateway, "GET /v1/users/me", { key });
    const { endpoints } = me.json() as { endpoints: { id: number }[] };
    const ids = endpoints.map(({ id }) => id);
    expect(ids).toHaveLength(12);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  it("answers errors with their members in order, and details only where they say something", async () => {
    expectError(await ask(gateway, "GET /v1/users/me"), 400, "Missing or invalid API key");
    expectError(await ask(gateway, "POST /v1/users", { body: {} }), 400, "Some fields are missing or invalid", [
      "username must not be blank",
    ]);
    expectError(await ask(gateway, "GET /v1/nothing"), 404, "Not found");
    expectError(await ask(gateway, "DELETE /v1/users"), 405, "Method not allowed");
  });
});
