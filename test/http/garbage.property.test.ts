import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, newEndpoint, newUser, standingClock } from "./asking.ts";

/** A body of each route that would be taken, as the beginning of something that nearly is one. */
const GOOD: Readonly<Record<string, string>> = {
  "POST /v1/users": '{"username":"abcdefgh","email":"a@example.com"}',
  "POST /v1/endpoints": '{"url":"https://example.com/a?b=c","nickname":"a nickname"}',
  "POST /v1/dispatch": '{"endpoint_id":1,"payload":{"a":[1,2.5e3,"é\\n",null,true]}}',
};

const TOKENS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\\u00",
  "-",
  "1e999",
  "null",
  "é",
  "\u0000",
  "\ufeff",
  "__proto__",
  " ",
];
const NAMES = ["username", "email", "url", "nickname", "endpoint_id", "payload", "__proto__", "constructor", "id"];

/** A good body with some of its text taken out, doubled or replaced. */
function mutated(good: string): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(good.length), fc.nat(5), fc.constantFrom("", ...TOKENS));
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let text = good;
    for (const [at, length, token] of edits) text = text.slice(0, at) + token + text.slice(at + length);
    return text;
  });
}

function garbage(good: string): fc.Arbitrary<string | Uint8Array> {
  const members = fc.dictionary(fc.constantFrom(...NAMES), fc.jsonValue({ depthSize: "small" }), {
    noNullPrototype: true,
  });
  return fc.oneof(
    { weight: 4, arbitrary: mutated(good) },
    { weight: 3, arbitrary: members.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...TOKENS)).map((tokens) => tokens.join("")) },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }) },
  );
}

describe("garbage", () => {
  let gateway: Gateway;
  let key: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  it.each(Object.entries(GOOD))("is never more than the client's own mistake on %s", async (line, good) => {
    await fc.assert(
      // Asking checks the form of every reply, of a success too: some of this is taken.
      fc.asyncProperty(garbage(good), async (body) => {
        // Without a turn of the event loop between them, its timers come so late that the gateway takes itself for stuck.
        await nextTurn();
        expect((await ask(gateway, line, { key, body })).status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });

  it("is never more than that in a query, a path or a header", async () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("abc019-_%&=?/.;:#[]{}'\"é\u0001 ")) });
    const query = fc.array(
      fc.tuple(fc.constantFrom("limit", "cursor", "status", "from", "to", "endpoint_id", "x"), text),
    );
    await fc.assert(
      fc.asyncProperty(query, text, async (pairs, id) => {
        await nextTurn();
        const search = pairs.map(([name, value]) => `${name}=${encodeURI(value)}`).join("&");
        expect((await ask(gateway, `GET /v1/deliveries?${search}`, { key })).status).toBeLessThan(500);
        expect((await ask(gateway, `GET /v1/deliveries/x${encodeURI(id)}`, { key })).status).toBeLessThan(500);
        const body = GOOD["POST /v1/dispatch"];
        const headers = { "idempotency-key": id.replaceAll("\u0001", "") };
        expect((await ask(gateway, "POST /v1/dispatch", { key, body, headers })).status).toBeLessThan(500);
        expect(
          (await ask(gateway, "GET /v1/users/me", { key: `${key}${headers["idempotency-key"]}` })).status,
        ).toBeLessThan(500);
      }),
      { numRuns: 100 },
    );
  });
});
