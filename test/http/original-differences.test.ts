import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import { listen, openConnection } from "./raw-http.ts";

/** What docs/reference/coming-from-the-original.md says. */
describe("the differences from the original", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  it.each([
    "{username:'bobby'}",
    "{'username':'bobby'}",
    '/* a name */{"username":"bobby"}',
    '{"username":"bobby",}',
    '{"username":"bobby","n":NaN}',
    '{"username":"bobby"}{}',
  ])("include no lenient JSON: %s", async (body) => {
    expectBroken(await ask(gateway, "POST /v1/users", { body }), "body must be valid JSON");
  });

  it("include a byte order mark, which is skipped", async () => {
    const body = `\ufeff${dispatchOf(endpoint, '{"a":1}')}`;
    expect((await ask(gateway, "POST /v1/dispatch", { key, body })).status).toBe(202);
  });

  it("include keys with dashes only, in any case", async () => {
    for (const other of [key.replaceAll("-", ""), `{${key}}`, `urn:uuid:${key}`]) {
      expectError(await ask(gateway, "GET /v1/users/me", { key: other }), 400, "Missing or invalid API key");
    }
    expect((await ask(gateway, "GET /v1/users/me", { key: key.toUpperCase() })).status).toBe(200);
  });

  it.each(["text/html", "application/xml", "image/*;q=0", "nonsense"])(
    "include that Accept: %s is ignored",
    async (accept) => {
      const plain = await ask(gateway, "GET /v1/users/me", { key });
      const reply = await ask(gateway, "GET /v1/users/me", { key, headers: { accept } });
      expect([reply.status, reply.text, reply.headers["content-type"]]).toEqual([200, plain.text, "application/json"]);
    },
  );

  it.each(["/v1/ping", "/v1/users/me", "/v1/endpoints", "/v1/deliveries"])(
    "include that HEAD %s is answered as GET, without a body",
    async (path) => {
      const got = await ask(gateway, `GET ${path}`, { key });
      const head = await gateway.app.inject({ method: "HEAD", url: path, headers: { "x-api-key": key } });
      expect([head.statusCode, head.body]).toEqual([200, ""]);
      for (const name of ["content-type", "content-length"]) expect(head.headers[name]).toBe(got.headers[name]);
    },
  );

  it.each(["HTTPS://example.com/a", "hTTp://example.com/b"])("include schemes in any case: %s", async (url) => {
    const reply = await ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "an endpoint" } });
    expect([reply.status, reply.json()]).toMatchObject([201, { url }]);
  });

  it.each(["mailto:ada@example.com", "tel:+491234", "urn:isbn:0451450523", "data:text/plain,a", "ftp://example.com"])(
    "include what is said of %s",
    async (url) => {
      const reply = await ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "an endpoint" } });
      expectBroken(reply, "url must be http or https");
    },
  );

  it("include that a connection is closed after 72 idle seconds, as its replies say", async () => {
    const connection = openConnection(await listen(gateway));
    connection.send("GET /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n");
    const [reply] = await connection.replies(1);
    connection.end();
    expect(reply?.headers).toMatchObject({ "keep-alive": "timeout=72" });
    expect(gateway.app.server.keepAliveTimeout).toBe(72_000);
  });
});
