import { describe, expect, it } from "vitest";
import type { SendResult } from "../../../../src/processes/sending/attempt-outcome.ts";
import type { NameResolver } from "../../../../src/processes/sending/targets/name-resolver.ts";
import type { TargetRules } from "../../../../src/processes/sending/targets/target-rules.ts";
import { respondRaw, respondWith } from "../../../fixtures/receivers/receiver.ts";
import {
  answered,
  makeReceiver,
  makeSender,
  openRules,
  resultOf,
  send,
} from "../../../fixtures/sending/sender-setup.ts";

describe("the request that is sent", () => {
  it("carries exactly the bytes of the body, as JSON, with the sender's own headers", async () => {
    const receiver = await makeReceiver();
    const body = ' {"z":1.0e2, "a":"\\u0041é😀", "a":2}\n';
    await send(makeSender(), receiver.url("/hook/ü?x=1&y=%20"), {
      body,
      headers: { "webhook-id": "d-1", "X-Team": "a b" },
    });
    const [request] = receiver.requests;
    expect(request?.body.equals(Buffer.from(body))).toBe(true);
    expect([request?.method, request?.path]).toEqual(["POST", "/hook/%C3%BC?x=1&y=%20"]);
    expect(request?.headers).toEqual({
      host: `127.0.0.2:${receiver.port}`,
      connection: "keep-alive",
      "content-type": "application/json",
      "user-agent": "webhook-gateway/1.2.3",
      "accept-encoding": "identity",
      accept: "application/json",
      "webhook-id": "d-1",
      "x-team": "a b",
      "content-length": `${Buffer.byteLength(body)}`,
    });
  });

  it("keeps its own headers, whatever the extra ones say", async () => {
    const receiver = await makeReceiver();
    const headers = {
      Host: "evil.test",
      "Content-Type": "text/plain",
      connection: "close",
      "USER-AGENT": "x",
      "Content-Length": "3",
    };
    await send(makeSender(), receiver.url(), { headers });
    const { headers: got = {}, headerLines = [] } = receiver.requests[0] ?? {};
    expect([got["host"], got["content-type"]]).toEqual([`127.0.0.2:${receiver.port}`, "application/json"]);
    expect([got["connection"], got["user-agent"]]).toEqual(["keep-alive", "webhook-gateway/1.2.3"]);
    expect(headerLines).toHaveLength(7);
  });

  it("asks for JSON, unless the endpoint's owner asks for something else", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    for (const headers of [{}, { Accept: "text/plain" }, { accept: "*/*" }]) {
      await send(sender, receiver.url(), { headers });
    }
    const accepts = receiver.requests.map(({ headerLines }) => headerLines.filter((line) => /^accept:/i.test(line)));
    expect(accepts).toEqual([["accept: application/json"], ["Accept: text/plain"], ["accept: */*"]]);
  });

  it("has a valid target on the wire, while the URL is judged as its owner wrote it", async () => {
    const receiver = await makeReceiver();
    const judged: string[] = [];
    const rules: TargetRules = { ...openRules, judgeUrl: (url) => (judged.push(url), openRules.judgeUrl(url)) };
    const sender = makeSender({ rules });
    const targets = [
      ["/%zz", "/%25zz"],
      ["/?x={y}", "/?x=%7By%7D"],
      [`/[a]|^"<>\`%?q=[a]|^"<>\`%&r='%27`, "/%5Ba%5D%7C%5E%22%3C%3E%60%25?q=%5Ba%5D%7C%5E%22%3C%3E%60%25&r='%27"],
    ] as const;
    for (const [path] of targets) await send(sender, receiver.url(path));
    expect(receiver.requests.map(({ path }) => path)).toEqual(targets.map(([, onTheWire]) => onTheWire));
    expect(judged).toEqual(targets.map(([path]) => receiver.url(path)));
  });

  it("carries a large body whole", async () => {
    const receiver = await makeReceiver();
    const body = JSON.stringify({ text: "é".repeat(200_000) });
    expect(answered(await send(makeSender(), receiver.url(), { body })).outcome).toBe("delivered");
    expect(receiver.requests[0]?.body.equals(Buffer.from(body))).toBe(true);
  });

  it("fails as an attempt when a header cannot be sent, and sends nothing", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    const result = answered(await send(sender, receiver.url(), { headers: { "x-bad": "a\r\nb: c" } }));
    expect([result.outcome, result.errorCode, result.responseStatus]).toEqual(["failed", "protocol", null]);
    expect(receiver.connections).toBe(0);
    expect(answered(await send(sender, receiver.url())).outcome).toBe("delivered");
  });
});

describe("the answer", () => {
  it.each([
    ...[200, 201, 202, 204, 299].map((status) => [status, "delivered", null] as const),
    ...[300, 301, 302, 303, 304, 307, 308].map((status) => [status, "failed", "redirect"] as const),
    ...[400, 401, 404, 429, 500, 503, 599, 600, 999].map((status) => [status, "failed", "http_status"] as const),
    [410, "failed", "gone"] as const,
  ] as const)("%i is %s (%s)", async (status, outcome, errorCode) => {
    const result = await resultOf(respondWith(status));
    expect(result).toMatchObject({
      outcome,
      errorCode,
      responseStatus: status,
      responseTruncated: false,
      responseBody: "",
    });
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
  });

  it("gives the body as text, and whether that is all of it", async () => {
    expect(await resultOf(respondWith(500, "line\nnext\u0007 é"))).toMatchObject({
      responseBody: "line\nnext é",
      responseTruncated: false,
    });
    expect(await resultOf(respondWith(200, "x".repeat(16_384)))).toMatchObject({
      responseBody: "x".repeat(16_384),
      responseTruncated: false,
    });
    expect(await resultOf(respondWith(404, "x".repeat(16_383) + "é"))).toMatchObject({
      responseBody: "x".repeat(16_383),
      responseTruncated: true,
    });
  });

  it("gives the body by the charset of its Content-Type", async () => {
    const answer = (type: string, body: string): string =>
      `HTTP/1.1 500 X\r\n${type}content-length: ${body.length}\r\n\r\n${body}`;
    for (const [type, body, text] of [
      ["Content-Type: text/html; charset=ISO-8859-1\r\n", "caf\xe9", "café"],
      ["content-type: text/plain;charset=Shift_JIS\r\n", "\x83G\x83\x89\x81[", "エラー"],
      ["content-type: text/plain\r\n", "caf\xe9", "caf\ufffd"],
      ["", "caf\xc3\xa9", "café"],
    ] as const) {
      expect((await resultOf(respondRaw(answer(type, body)))).responseBody).toBe(text);
    }
  });

  it("follows no redirect and posts nothing again", async () => {
    const elsewhere = await makeReceiver();
    for (const status of [301, 302, 303, 307, 308]) {
      const receiver = await makeReceiver(respondWith(status, "", { location: elsewhere.url("/stolen") }));
      const result = answered(await send(makeSender(), receiver.url()));
      expect([result.errorCode, receiver.requests.length]).toEqual(["redirect", 1]);
    }
    expect(elsewhere.connections).toBe(0);
  });

  it("understands an answer whose beginning comes in pieces, after empty lines too", async () => {
    const pieces = ["\r\n", "H", "TT", "P/", "1.1 20", "0 OK\r\ncontent-length: 2\r\n\r\no", "k"];
    const result = await resultOf((socket) => {
      socket.setNoDelay(true);
      const write = (index: number): void => {
        socket.write(pieces[index] ?? "", () => index + 1 < pieces.length && setTimeout(write, 5, index + 1));
      };
      write(0);
    });
    expect(result).toMatchObject({ outcome: "delivered", responseStatus: 200, responseBody: "ok" });
  });

  it("gives Retry-After beside a status that honours it", async () => {
    for (const status of [429, 502, 503, 504]) {
      expect((await resultOf(respondWith(status, "", { "Retry-After": "17" }))).retryAfter).toBe("17");
    }
    expect((await resultOf(respondWith(500, "", { "retry-after": "17" }))).retryAfter).toBeNull();
    expect((await resultOf(respondWith(200, "", { "retry-after": "17" }))).retryAfter).toBeNull();
    expect((await resultOf(respondWith(503, "", { "retry-after": "1", "Retry-After": "9" }))).retryAfter).toBeNull();
    expect((await resultOf(respondWith(503, "", { "retry-after": "9".repeat(65) }))).retryAfter).toBeNull();
  });
});

describe("a lookup", () => {
  const failing = (code: string): NameResolver["resolve"] => {
    return () => Promise.reject(Object.assign(new Error("look-up failed"), { code }));
  };
  const sendTo = (resolve: NameResolver["resolve"]): Promise<SendResult> =>
    send(makeSender({ resolver: { resolve }, timeoutMs: 200 }), "http://receiver.example/");

  it("that fails is a failed attempt", async () => {
    expect(answered(await sendTo(failing("ENOTFOUND"))).errorCode).toBe("dns");
  });

  it("that fails for lack of file handles is not an attempt", async () => {
    expect((await sendTo(failing("EMFILE"))).kind).toBe("not_sent");
  });

  it("that never answers ends at the deadline", async () => {
    expect(answered(await sendTo(() => new Promise(() => undefined))).errorCode).toBe("timeout");
  });
});

describe("a target that the rules forbid", () => {
  it("is never dialled", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender({ rules: { judgeUrl: () => "forbidden", judgeAddress: () => false } });
    expect(await send(sender, receiver.url())).toEqual({
      kind: "answered",
      outcome: "failed",
      errorCode: "target_forbidden",
      responseStatus: null,
      responseBody: null,
      responseTruncated: false,
      retryAfter: null,
      durationMs: 0,
      connections: 1,
    });
    expect(receiver.connections).toBe(0);
  });

  it("is refused in every spelling", async () => {
    const sender = makeSender();
    for (const host of ["10.0.0.1", "167772161", "[::1]", "localhost", "169.254.169.254", "[::ffff:10.0.0.1]"]) {
      expect(answered(await send(sender, `http://${host}/`)).errorCode).toBe("target_forbidden");
    }
    expect(answered(await send(sender, "no url")).errorCode).toBe("target_forbidden");
  });
});
