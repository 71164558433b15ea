import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { createLogger } from "../../../src/observability/logger.ts";

const SECRET = "hunter2-5f1c";

/** A logger as the program has it, and the lines that it wrote. */
function linesOf(log: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const write = (text: string): void => void lines.push(JSON.parse(text) as Record<string, unknown>);
  log(createLogger("trace", { write }));
  return lines;
}

/** What Node makes of a request that has secrets in its headers. */
function request(): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.method = "POST";
  message.url = `/v1/dispatch?key=${SECRET}`;
  message.headers["x-api-key"] = SECRET;
  message.rawHeaders.push("X-API-Key", SECRET);
  return message;
}

describe("a line of the program's log", () => {
  it("has an error's type, code, message, stack and causes, and nothing that hangs on it", () => {
    const cause = Object.assign(new TypeError("the cause"), { request: request() });
    const error = Object.assign(new Error("it broke", { cause }), { code: "EIO", request: request(), body: SECRET });
    const [line] = linesOf((logger) => logger.error({ err: error }, "failed"));
    expect(line).toMatchObject({
      msg: "failed",
      err: { type: "Error", code: "EIO", message: "it broke", cause: { type: "TypeError", message: "the cause" } },
    });
    expect((line?.["err"] as { stack: string }).stack).toContain("logger.test.ts");
    expect(JSON.stringify(line)).not.toContain(SECRET);
  });

  it("has every error of several, and comes to an end when one is its own cause", () => {
    const own = new Error("its own");
    own.cause = own;
    const several = new AggregateError([new Error("first"), new RangeError("second"), own], "all failed");
    const [line] = linesOf((logger) => logger.error(several));
    expect(line).toMatchObject({
      err: { type: "AggregateError", errors: [{ message: "first" }, { type: "RangeError" }, { message: "its own" }] },
    });
  });

  it("reveals nothing of a thrown value that is not an error", () => {
    for (const thrown of [SECRET, { token: SECRET }, null, undefined]) {
      const [line] = linesOf((logger) => logger.error({ err: thrown }, "failed"));
      expect(JSON.stringify(line)).not.toContain(SECRET);
    }
  });

  it.each([
    ["a request", { req: request() }],
    ["a request under another name", { what: request() }],
    ["an error under another name", { reason: Object.assign(new Error("broken"), { request: request() }) }],
    ["bytes", { what: Buffer.from(SECRET) }],
    ["an endpoint's URL", { endpoint: { url: `https://example.com/${SECRET}` } }],
    ["headers", { headers: { "x-api-key": SECRET } }],
    ["headers in a list", { requests: [{ headers: { "x-api-key": SECRET } }] }],
    ["an API key", { user: { api_key: SECRET } }],
    ["an API key as a header is called", { "X-API-Key": SECRET }],
    ["a master key", { config: { masterKey: SECRET } }],
    ["a secret", { endpoint: { id: 1, secret: SECRET } }],
    ["a payload", { delivery: { payload: SECRET } }],
    ["a deeply nested field", { a: { b: { c: { d: { e: { f: { g: SECRET } } } } } } }],
  ])("is without what is secret in %s", (_name, fields) => {
    const [line] = linesOf((logger) => logger.info(fields, "told"));
    expect(JSON.stringify(line)).not.toContain(SECRET);
    expect(line).toMatchObject({ msg: "told" });
  });

  it("has all else as it was given, and changes nothing of that", () => {
    const fields = { request: "8c1e", user: 1, at: new Date(0), list: [1, { a: null }], headers: { a: 1 } };
    const [line] = linesOf((logger) => logger.warn(fields, "told"));
    const expected = { request: "8c1e", user: 1, at: "1970-01-01T00:00:00.000Z", list: [1, { a: null }] };
    expect(line).toMatchObject({ ...expected, headers: "[redacted]" });
    expect(fields.headers).toEqual({ a: 1 });
  });

  it("keeps only the method and the status of fastify's own lines", async () => {
    const lines: string[] = [];
    const app = fastify({ loggerInstance: createLogger("trace", { write: (text) => void lines.push(text) }) });
    app.get("/", (_request, reply) => reply.send("once"));
    await app.inject({ url: "/", headers: { "x-api-key": SECRET } });
    await app.close();
    expect(lines.join("")).toContain('"req":{"method":"GET"}');
    expect(lines.join("")).toContain('"res":{"statusCode":200}');
    expect(lines.join("")).not.toContain(SECRET);
  });
});
