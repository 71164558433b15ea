import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { errorText, newEndpoint, newUser, standingClock } from "./asking.ts";
import { exchange, listen, openConnection } from "./raw-http.ts";
import type { RawReply } from "./raw-http.ts";
import { checkError } from "./reply-schemas.ts";

const NOT_HTTP = errorText(400, "Some fields are missing or invalid", ["request must be valid HTTP/1.1"]);
const JSON_POST = "POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
const PING = "GET /v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

describe("a request over a real socket", () => {
  let gateway: Gateway;
  let port: number;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    port = await listen(gateway);
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  function expectRefused(replies: readonly RawReply[], text = NOT_HTTP): void {
    const last = replies.at(-1);
    expect(last?.text).toBe(text);
    expect(last?.headers["connection"]).toBe("close");
    checkError(last!);
  }

  it.each([
    ["is no HTTP at all", "GARBAGE\r\n\r\n"],
    ["begins a TLS handshake", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"],
    ["has a method that is no token", "F{O /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["has an unknown method and nothing else", "BREW\r\n\r\n"],
    ["has an unknown method and an impossible version", "BREW /v1/ping HTTP/9.9\r\nHost: x\r\n\r\n"],
    ["is of another protocol", "BREW sip:alice@example.com SIP/2.0\r\nHost: x\r\n\r\n"],
    ["has two methods", "BREW GET /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["has a path without a slash", "GET v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["has a control character in its path", "GET /v1/p\u0001ing HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["has a version that is none", "GET /v1/ping HTTP/1.x\r\nHost: x\r\n\r\n"],
    ["has a version without a dot", "GET /v1/ping HTTP/2\r\nHost: x\r\n\r\n"],
    ["has a version of three digits", "GET /v1/ping HTTP/1.11\r\nHost: x\r\n\r\n"],
    ["has another protocol in place of its version", "GET /v1/ping HTTPS/1.1\r\nHost: x\r\n\r\n"],
    ["has a header without a colon", "GET /v1/ping HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n"],
    ["has a blank before a colon", "GET /v1/ping HTTP/1.1\r\nHost : x\r\n\r\n"],
    ["has a NUL in a header", "GET /v1/ping HTTP/1.1\r\nHost: x\r\nX-API-Key: a\u0000b\r\n\r\n"],
    ["asks for a tunnel", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"],
    ["states two lengths", `${JSON_POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ["states a negative length", `${JSON_POST}Content-Length: -2\r\n\r\n{}`],
    ["states a length that is no number", `${JSON_POST}Content-Length: 2x\r\n\r\n{}`],
    ["has a length and is chunked", `${JSON_POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["has an unknown transfer coding", `${JSON_POST}Transfer-Encoding: nonsense\r\n\r\n{}`],
    ["has a chunk of no length", `${JSON_POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
    ["has more than its length says", `${JSON_POST}Content-Length: 2\r\n\r\n{}${"x".repeat(20)}\r\n\r\n`],
  ])("is refused with the error body when it %s, and the connection ends", async (_name, text) => {
    expectRefused(await exchange(port, Buffer.from(text, "latin1")));
  });

  it.each([
    ["FOO", "FOO /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["one in lower case", "get /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["one that begins like a known one", "POSTS /v1/users HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["one of other signs", "!#$%&'*+-.^_`|~ /nothing HTTP/1.0\r\n\r\n"],
    ["one of another protocol", "DESCRIBE /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["one of which no more has come", "FO"],
  ])("is refused with 501 when its method is unknown: %s", async (_name, text) => {
    expectRefused(await exchange(port, text), errorText(501, "Method not implemented"));
    const post = `${JSON_POST}Content-Length: 2\r\n\r\n{}`;
    const replies = await exchange(port, `${PING.replace("close", "keep-alive")}${post}${text}`);
    expect(replies.map(({ status }) => status)).toEqual([200, 400, 501]);
  });

  it.each([
    ["HTTP/2.0", "GET /v1/ping HTTP/2.0\r\nHost: x\r\n\r\n"],
    ["HTTP/2.0 without a Host, to an unknown path", "GET /nothing HTTP/2.0\r\n\r\n"],
    ["HTTP/2.0 with a body", `${JSON_POST.replace("HTTP/1.1", "HTTP/2.0")}Content-Length: 2\r\n\r\n{}`],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["HTTP/1.2", "GET /v1/ping HTTP/1.2\r\nHost: x\r\n\r\n"],
    ["HTTP/0.9", "GET /v1/ping HTTP/0.9\r\nHost: x\r\n\r\n"],
    ["none, as HTTP/0.9 had none", "GET /v1/ping\r\n\r\n"],
    ["HTTP/9.9", "GET /v1/ping HTTP/9.9\r\nHost: x\r\n\r\n"],
  ])("is refused with 505 when its version is another: %s", async (_name, text) => {
    const refused = errorText(505, "HTTP version not supported");
    expectRefused(await exchange(port, text), refused);
    const replies = await exchange(port, `${PING.replace("close", "keep-alive")}${text}${PING}`);
    expect(replies.map(({ status }) => status)).toEqual([200, 505]);
    expectRefused(replies, refused);
  });

  it("is refused with 431 when its head is too large", async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `X-${n}: ${"v".repeat(20)}\r\n`).join("");
    // The last one is still under way when the answer goes out.
    for (const head of [`X: ${"x".repeat(20_000)}\r\n`, many, `X: ${"x".repeat(5_000_000)}\r\n`]) {
      const replies = await exchange(port, `GET /v1/ping HTTP/1.1\r\nHost: x\r\n${head}\r\n`);
      expectRefused(replies, errorText(431, "Request header fields too large"));
    }
    const replies = await exchange(port, `GET /v1/${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expectRefused(replies, errorText(431, "Request header fields too large"));
  });

  it("is refused when it ends before its body does", async () => {
    const connection = openConnection(port);
    connection.send(`${JSON_POST}Content-Length: 50\r\n\r\n{"username":`);
    connection.end();
    expectRefused(await connection.closed());
  });

  it("needs a Host, unless it is HTTP/1.0", async () => {
    const [reply] = await exchange(port, "GET /v1/ping HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect(reply?.text).toBe(errorText(400, "Some fields are missing or invalid", ["header Host must be given"]));
    expect((await exchange(port, "GET /v1/ping HTTP/1.0\r\n\r\n"))[0]?.text).toBe("pong");
  });

  it.each(["1.0", "1.1"])("has no second Host in HTTP/%s, not even the same", async (version) => {
    for (const second of ["Host: x", "host: y", "HOST:"]) {
      const text = `GET /v1/ping HTTP/${version}\r\nHost: x\r\nX-A: b\r\n${second}\r\nConnection: close\r\n\r\n`;
      const [reply] = await exchange(port, text);
      expect(reply?.text).toBe(
        errorText(400, "Some fields are missing or invalid", ["header Host must be given once"]),
      );
    }
  });

  it("may have slashes in a row in its path, also behind a whole address", async () => {
    for (const path of ["//v1/ping", "//v1///ping?a=b//c", "http://x//v1//ping"]) {
      const replies = await exchange(port, PING.replace("/v1/ping", path));
      expect(replies.map((reply) => reply.text)).toEqual(["pong"]);
    }
  });

  it("may name the whole address, expect what nobody knows, or offer another protocol", async () => {
    const absolute = PING.replace("/v1", "http://x/v1");
    const expecting = PING.replace("Host", "Expect: miracles\r\nHost");
    const upgrading = PING.replace("Connection: close", "Connection: close, upgrade\r\nUpgrade: websocket");
    for (const text of [absolute, expecting, upgrading]) {
      expect((await exchange(port, text)).map((reply) => reply.text)).toEqual(["pong"]);
    }
  });

  it("is told to go on before a body that it asked about", async () => {
    const connection = openConnection(port);
    connection.send(`${JSON_POST}Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n`);
    connection.send("{}");
    expect((await connection.closed()).at(-1)?.text).toContain("username must not be blank");
  });

  it("may send its body in chunks of any size", async () => {
    const body = `{"endpoint_id":${endpoint},"payload":{"s":"é"}}`;
    const chunks = [...Buffer.from(body)].map((byte) =>
      Buffer.concat([Buffer.from("1\r\n"), Buffer.of(byte), Buffer.from("\r\n")]),
    );
    const head = `POST /v1/dispatch HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const [reply] = await exchange(port, Buffer.concat([Buffer.from(head), ...chunks, Buffer.from("0\r\n\r\n")]));
    expect(reply).toMatchObject({ status: 202, text: "" });
    expect(reply?.headers["content-length"]).toBe("0");
    expect(reply?.headers["location"]).toBe(`/v1/deliveries/${reply?.headers["x-delivery-id"]}`);
    expect(reply?.headers).not.toHaveProperty("content-type");
    expect(reply?.headers).not.toHaveProperty("transfer-encoding");
  });

  it.each([
    ["states its length", "Content-Length: 400000\r\n\r\n", ""],
    ["does not", "Transfer-Encoding: chunked\r\n\r\n61a80\r\n", "\r\n0\r\n\r\n"],
  ])("is refused with 413 when its body is too large and it %s", async (_name, before, after) => {
    const [reply] = await exchange(port, `${JSON_POST}${before}${" ".repeat(400_000)}${after}`);
    expect(reply?.text).toBe(errorText(413, "Payload too large", ["body must not be larger than 327680 bytes"]));
    expect(reply?.headers["connection"]).toBe("close");
  });

  it("keeps its connection after a body that was no JSON, and after other mistakes", async () => {
    const connection = openConnection(port);
    connection.send(`${JSON_POST}Content-Length: 1\r\n\r\n{`);
    expect((await connection.replies(1)).at(-1)?.text).toContain("body must be valid JSON");
    connection.send(
      "POST /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    );
    expect((await connection.replies(2)).at(-1)?.status).toBe(404);
    connection.send(
      "POST /v1/dispatch HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    );
    expect((await connection.replies(3)).at(-1)?.text).toContain("API key");
    connection.send(PING);
    const replies = await connection.closed();
    expect(replies.map(({ status }) => status)).toEqual([400, 404, 400, 200]);
  });

  it("has the key sent twice refused, even when both are right", async () => {
    const [reply] = await exchange(
      port,
      `GET /v1/users/me HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nx-api-key: ${key}\r\nConnection: close\r\n\r\n`,
    );
    expect(reply?.text).toBe(errorText(400, "Missing or invalid API key"));
  });
});

describe("a slow or late request", () => {
  it("gets 408 when it does not come to its end", async () => {
    const gateway = await startTestGateway({ clock: standingClock, deliver: false });
    // Shorter than in service, so that the test need not wait for it.
    Object.assign(gateway.app.server, { requestTimeout: 200, headersTimeout: 100 });
    const port = await listen(gateway);
    for (const text of [`${JSON_POST}Content-Length: 50\r\n\r\n{`, "GET /v1/ping HTTP/1.1\r\nHo"]) {
      const replies = await exchange(port, text);
      expect(replies.at(-1)?.text).toBe(errorText(408, "Request timeout"));
      expect(replies.at(-1)?.headers["connection"]).toBe("close");
    }
    await gateway.stop();
  });

  it("gets 503 with the error body when the server is closing", async () => {
    const gateway = await startTestGateway({ clock: standingClock, deliver: false });
    const port = await listen(gateway);
    const connection = openConnection(port);
    connection.send("GET /v1/ping HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/pi");
    // Now the server has the beginning of the second request too, so that it does not take the connection for idle.
    await connection.replies(1);
    const stopped = gateway.stop();
    connection.send("ng HTTP/1.1\r\nHost: x\r\n\r\n");
    const replies = await connection.closed();
    await stopped;
    expect(replies.at(-1)?.text).toBe(errorText(503, "Service temporarily unavailable"));
    expect(replies.at(-1)?.headers).toMatchObject({ connection: "close", "retry-after": "1" });
  });
});
