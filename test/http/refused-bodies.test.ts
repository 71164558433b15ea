import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { arrays, objects, refusedBodies } from "../fixtures/nasty-json.ts";
import { ask, dispatchOf, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";

const POSTS = ["POST /v1/users", "POST /v1/endpoints", "POST /v1/dispatch"];

/** The default of MAX_PAYLOAD_BYTES, and what a whole body may have. */
const LARGEST_PAYLOAD = 262_144;
const LARGEST_BODY = LARGEST_PAYLOAD + 65_536;

describe("a body that cannot be taken", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  function post(line: string, question: Question): Promise<Reply> {
    return ask(gateway, line, { key, ...question });
  }

  it("comes in enough kinds here", () => {
    expect(refusedBodies.length).toBeGreaterThanOrEqual(40);
  });

  it.each(refusedBodies)("is refused by the dispatch: $name", async ({ bytes, headers, status, errors }) => {
    const type = headers["content-type"] ?? "";
    const reply = await post("POST /v1/dispatch", { body: bytes, headers: { ...headers, "content-type": type } });
    expect(reply.status).toBe(status);
    if (errors !== null) expectBroken(reply, ...errors);
  });

  it.each(refusedBodies)("is the client's mistake on every other route too: $name", async ({ bytes, headers }) => {
    const type = headers["content-type"] ?? "";
    for (const line of ["POST /v1/users", "POST /v1/endpoints"]) {
      const reply = await post(line, { body: bytes, headers: { ...headers, "content-type": type } });
      expect([400, 413, 415]).toContain(reply.status);
    }
  });

  it.each(POSTS)("has one reply for each kind of mistake on %s", async (line) => {
    expectBroken(await post(line, {}), "body must be a JSON object");
    expectBroken(await post(line, { body: "" }), "body must be valid JSON");
    expectBroken(await post(line, { body: '{"a":' }), "body must be valid JSON");
    for (const body of ["[]", "null", "7", '"text"', "true"]) {
      expectBroken(await post(line, { body }), "body must be a JSON object");
    }
    expectBroken(await post(line, { body: Buffer.from([0x7b, 0xff, 0x7d]) }), "body must be valid UTF-8");
    expectBroken(await post(line, { body: `{"a":${arrays(65)}}` }), "body must not be nested deeper than 64 levels");
    expectBroken(await post(line, { body: "[".repeat(LARGEST_BODY) }), "body must not be nested deeper than 64 levels");
  });

  it("may be nested 64 deep in its payload, and be shown again", async () => {
    for (const payload of [objects(64), `{"a":${arrays(63)}}`]) {
      const reply = await post("POST /v1/dispatch", { body: dispatchOf(endpoint, payload) });
      expect(reply.status).toBe(202);
      const shown = await ask(gateway, `GET /v1/deliveries/${String(reply.headers["x-delivery-id"])}/payload`, { key });
      expect(shown.text).toBe(payload);
    }
  });

  // JSON.parse takes 5,000 levels, and JSON.stringify then overflows the stack.
  it.each([65, 5_000, 100_000])("is refused when it is nested %i deep, wherever", async (depth) => {
    const nested = [`{"a":${arrays(depth - 1)}}`, arrays(depth), objects(Math.min(depth, 50_000))];
    for (const deep of nested) {
      const bodies = [
        dispatchOf(endpoint, deep),
        `{"endpoint_id":${deep},"payload":{"a":1}}`,
        `{"endpoint_id":${endpoint},"payload":{"a":1},"other":${deep}}`,
        // The last of the two counts.
        `{"endpoint_id":${endpoint},"payload":${deep},"payload":{"a":1}}`,
        `[${deep}]`,
        `{"username":${deep}}`,
        `{"url":${deep},"nickname":"a nickname"}`,
      ];
      for (const line of POSTS) {
        for (const body of bodies) {
          expectBroken(await post(line, { body }), "body must not be nested deeper than 64 levels");
        }
      }
    }
  });

  it.each(POSTS)("is too large for %s one byte above the limit", async (line) => {
    expectBroken(await post(line, { body: " ".repeat(LARGEST_BODY) }), "body must be valid JSON");
    const reply = await post(line, { body: " ".repeat(LARGEST_BODY + 1) });
    expectError(reply, 413, "Payload too large", [`body must not be larger than ${LARGEST_BODY} bytes`]);
  });

  it.each([
    "",
    "text/plain",
    "text/plain; charset=utf-8",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/jsonx",
    "application/json-patch+json",
    "application/json, text/plain",
    "application",
  ])("is not JSON as %s", async (type) => {
    for (const line of POSTS) {
      const reply = await post(line, { body: '{"username":"abcde"}', headers: { "content-type": type } });
      expectError(reply, 415, "Unsupported media type");
    }
  });

  it.each([
    "application/json; charset=latin1",
    "application/json; charset=ISO-8859-1",
    "application/json; charset=utf-16",
    'application/json;CHARSET="windows-1252"; x=1',
    "application/json; charset=",
  ])("is not in UTF-8 as %s, and the error says so", async (type) => {
    for (const line of POSTS) {
      const reply = await post(line, { body: '{"username":"abcde"}', headers: { "content-type": type } });
      expectError(reply, 415, "Unsupported media type", ["body must be in UTF-8"]);
    }
  });

  it.each([
    "application/json",
    "APPLICATION/JSON",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    'application/json ; charset="utf-8"',
    "application/json; charset=utf8",
    "application/json; charset=us-ascii",
    'application/json; charset="US-ASCII"',
    "application/json;",
    "application/json; profile=orders",
  ])("is not one that says %s", async (type) => {
    const body = dispatchOf(endpoint, '{"a":1}');
    expect((await post("POST /v1/dispatch", { body, headers: { "content-type": type } })).status).toBe(202);
  });

  it.each(["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, identity", "nonsense", "chunked"])(
    "is not taken in the content encoding %s",
    async (encoding) => {
      for (const body of ['{"username":"abcde"}', gzipSync('{"username":"abcde"}')]) {
        for (const line of POSTS) {
          const reply = await post(line, { body, headers: { "content-encoding": encoding } });
          expectError(reply, 415, "Unsupported media type");
        }
      }
    },
  );

  it("is not one in the encoding identity, nor one after a byte order mark", async () => {
    const body = dispatchOf(endpoint, '{"a":1}');
    expect((await post("POST /v1/dispatch", { body, headers: { "content-encoding": "identity" } })).status).toBe(202);
    expect((await post("POST /v1/dispatch", { body: `\ufeff${body}` })).status).toBe(202);
  });
});

describe("the largest payload", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false, env: { MAX_PAYLOAD_BYTES: "1000" } });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  /** A payload of so many bytes, with characters of two bytes in it. */
  function payload(bytes: number): string {
    return `{"s":"éé${"x".repeat(bytes - 12)}"}`;
  }

  it("is counted in bytes of the payload as it is written", async () => {
    const body = dispatchOf(endpoint, payload(1000));
    expect(Buffer.byteLength(payload(1000))).toBe(1000);
    expect((await ask(gateway, "POST /v1/dispatch", { key, body })).status).toBe(202);
    const around = `{ "endpoint_id" : ${endpoint} ,\n${" ".repeat(500)}"payload" : \t${payload(1000)} }  `;
    expect((await ask(gateway, "POST /v1/dispatch", { key, body: around })).status).toBe(202);
  });

  it("is refused one byte above that, and the client is told how much is taken", async () => {
    const inside = `{${" ".repeat(994)}"a":1}`.replace(" ", "  ");
    for (const text of [payload(1001), inside]) {
      const reply = await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(endpoint, text) });
      expectError(reply, 413, "Payload too large", ["payload must not be larger than 1000 bytes"]);
    }
  });

  it("leaves room for a body around it", async () => {
    const body = `{"endpoint_id":${endpoint},"payload":{"a":1}${" ".repeat(66_500)}}`;
    const reply = await ask(gateway, "POST /v1/dispatch", { key, body: body.slice(0, 66_536).padEnd(66_537) });
    expectError(reply, 413, "Payload too large", ["body must not be larger than 66536 bytes"]);
  });
});
