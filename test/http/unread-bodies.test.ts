import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { newUser } from "./asking.ts";
import { listen, openConnection } from "./raw-http.ts";

const MIB = 1024 * 1024;
const PING = "GET /v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** A body of 5 MiB, in the two ways in which its end is told. */
const BODIES: readonly (readonly [string, string, Buffer])[] = [
  ["with its length", `Content-Length: ${5 * MIB}\r\n`, Buffer.alloc(5 * MIB, " ")],
  ["in chunks", "Transfer-Encoding: chunked\r\n", chunked(5 * 16, Buffer.alloc(MIB / 16, " "))],
];

function chunked(count: number, chunk: Buffer): Buffer {
  const one = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]);
  return Buffer.concat([...Array.from({ length: count }, () => one), Buffer.from("0\r\n\r\n")]);
}

describe("a body that is not read", () => {
  const clock = new FakeClock();
  let gateway: Gateway;
  let port: number;
  let key: string;
  beforeEach(async () => {
    const env = { FAILED_KEYS_PER_MINUTE: "1", DISPATCHES_PER_SECOND: "1" };
    gateway = await startTestGateway({ clock, deliver: false, env });
    port = await listen(gateway);
    key = await newUser(gateway);
  });
  afterEach(() => gateway.stop());

  /** The head of a request but for the line that tells the body's end. */
  const head = (line: string, apiKey: string, type = "application/json"): string =>
    `${line} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${apiKey}\r\nContent-Type: ${type}\r\n`;

  const refusals: readonly (readonly [number, () => string])[] = [
    [413, () => head("POST /v1/dispatch", key)],
    [404, () => head("POST /v1/nothing", key)],
    [405, () => head("PUT /v1/dispatch", key)],
    [400, () => head("POST /v1/dispatch", "none")],
    [415, () => head("POST /v1/dispatch", key, "text/plain")],
    [429, () => head("POST /v1/dispatch", randomUUID())],
    [429, () => head("POST /v1/dispatch", key)],
  ];

  describe.each(BODIES)("%s", (_name, length, body) => {
    it.each(refusals)("leaves its client the answer %i", async (status, headOf) => {
      if (status === 429) {
        // Uses up the limit of the address, or of the user.
        const first = openConnection(port);
        first.send(`${headOf()}Content-Length: 2\r\n\r\n{}`);
        await first.replies(1);
        first.end();
      }
      const connection = openConnection(port);
      connection.send(Buffer.concat([Buffer.from(`${headOf()}${length}\r\n`), body]));
      const [reply] = await connection.replies(1);
      expect(reply?.status).toBe(status);
      // The rest is read, so another request may follow where the connection was not said to end.
      const closes = reply?.headers["connection"] === "close";
      expect(closes).toBe(status === 413);
      if (!closes) {
        connection.send(PING.replace("close", "keep-alive"));
        await connection.replies(2);
        // The time for the rest no longer runs.
        await clock.advance(5_000);
        connection.send(PING);
      }
      expect((await connection.closed()).map((one) => one.status)).toEqual(closes ? [status] : [status, 200, 200]);
    });

    it.each(refusals.slice(0, 2))("is read for at most 2 s after a %i", async (status, headOf) => {
      const connection = openConnection(port);
      connection.send(`${headOf()}${length}\r\n`);
      // A chunk's length needs no more than the first byte; the others never come.
      connection.send(body.subarray(0, 100));
      if (status === 413 && length.startsWith("T")) connection.send(body.subarray(100, MIB));
      expect((await connection.replies(1))[0]?.status).toBe(status);
      await clock.advance(1_999);
      connection.send(" ");
      let closed = false;
      const closing = connection.closed().then(() => (closed = true));
      await clock.settle();
      expect(closed).toBe(false);
      await clock.advance(1);
      await closing;
    });

    it.each(refusals.slice(0, 2))("is read to at most 32 MiB after a %i", async (status, headOf) => {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      let answer = "";
      socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
      const closed = new Promise((resolve) => socket.once("close", resolve));
      const isChunked = length.startsWith("T");
      socket.write(`${headOf()}${isChunked ? length : `Content-Length: ${1024 * MIB}\r\n`}\r\n`);
      const piece = isChunked ? body.subarray(0, -5) : body;
      while (!socket.destroyed) {
        if (!socket.write(piece)) await Promise.race([once(socket, "drain").catch(() => undefined), closed]);
      }
      await closed;
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(socket.bytesWritten).toBeGreaterThan(32 * MIB);
      // What the two ends of the connection hold comes on top.
      expect(socket.bytesWritten).toBeLessThan(64 * MIB);
    });
  });

  it("gets no second answer when it is broken or late", async () => {
    const connection = openConnection(port);
    connection.send(`${head("POST /v1/nothing", key)}Transfer-Encoding: chunked\r\n\r\n`);
    expect((await connection.replies(1))[0]?.status).toBe(404);
    connection.send("zz\r\n");
    expect((await connection.closed()).map(({ status }) => status)).toEqual([404]);
  });
});
