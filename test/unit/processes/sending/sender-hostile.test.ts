import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../../fixtures/manual-clock.ts";
import { flood, resetBehind } from "../../../fixtures/receivers/hostile-answers.ts";
import type { Answer } from "../../../fixtures/receivers/receiver.ts";
import { respondRaw, respondWith } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, resultOf, send } from "../../../fixtures/sending/sender-setup.ts";

const head200 = "HTTP/1.1 200 OK\r\n";

describe("a receiver that accepted (2xx) and then breaks its body has it delivered", () => {
  const broken: [string, Answer][] = [
    ["ends before the stated length", respondRaw(`${head200}content-length: 10\r\n\r\nabc`, "end")],
    ["resets in the middle", resetBehind(`${head200}content-length: 10\r\n\r\nabc`)],
    ["sends a broken chunk", respondRaw(`${head200}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n`)],
    ["ends between chunks", respondRaw(`${head200}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`, "end")],
  ];
  it.each(broken)("%s", async (_, answer) => {
    const result = await resultOf(answer);
    expect(result).toMatchObject({
      outcome: "delivered",
      errorCode: null,
      responseStatus: 200,
      responseTruncated: true,
    });
    expect("abc".startsWith(result.responseBody ?? "?")).toBe(true);
  });

  it("never ends", async () => {
    const result = await resultOf(flood(`${head200}\r\n`, "0123456789"));
    expect(result).toMatchObject({ outcome: "delivered", responseTruncated: true });
    expect(result.responseBody).toBe("0123456789".repeat(1639).slice(0, 16_384));
  });

  it("states a small length and sends more", async () => {
    expect(await resultOf(respondRaw(`${head200}content-length: 3\r\n\r\nabcdefgh`))).toMatchObject({
      outcome: "delivered",
      responseBody: "abc",
    });
  });
});

describe("after another status", () => {
  it.each([
    ["a body that ends early", respondRaw("HTTP/1.1 500 X\r\ncontent-length: 10\r\n\r\nabc", "end"), "http_status"],
    ["a broken chunk", respondRaw("HTTP/1.1 400 X\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "http_status"],
    ["an endless body", flood("HTTP/1.1 503 X\r\n\r\n", "0123456789"), "http_status"],
    ["an endless redirect", flood("HTTP/1.1 302 X\r\nlocation: /\r\n\r\n", "0123456789"), "redirect"],
    ["a body of gone that ends early", respondRaw("HTTP/1.1 410 X\r\ncontent-length: 10\r\n\r\nabc", "end"), "gone"],
  ] as [string, Answer, string][])("%s changes nothing", async (_, answer, errorCode) => {
    expect(await resultOf(answer)).toMatchObject({ outcome: "failed", errorCode, responseTruncated: true });
  });
});

describe("a body that does not end", () => {
  it.each([
    [200, "delivered", null],
    [500, "failed", "http_status"],
  ] as const)("behind %i is cut one second after the head", async (status, outcome, errorCode) => {
    const clock = createManualClock();
    const sender = makeSender({ clock });
    const receiver = await makeReceiver(respondRaw(`HTTP/1.1 ${status} X\r\ncontent-length: 99\r\n\r\nab`));
    let settled = false;
    const result = send(sender, receiver.url()).finally(() => (settled = true));
    // The shorter timer is the sign that the head was read.
    await expect.poll(() => clock.pending()).toEqual([1000]);
    clock.advance(999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    clock.advance(1);
    expect(answered(await result)).toMatchObject({ outcome, errorCode, responseTruncated: true, responseBody: "ab" });
    await expect.poll(() => receiver.openConnections).toBe(0);
  });

  it("is waited for no longer than the deadline", async () => {
    const clock = createManualClock();
    const receiver = await makeReceiver(respondRaw(`${head200}content-length: 99\r\n\r\n`));
    const result = send(makeSender({ clock, timeoutMs: 700 }), receiver.url());
    await expect.poll(() => [receiver.requests.length, clock.pending()]).toEqual([1, [700]]);
    clock.advance(700);
    expect((await result).kind).toBe("answered");
  });
});

describe("invalid HTTP", () => {
  const bad: [string, Answer][] = [
    ["another protocol", respondRaw("SSH-2.0-OpenSSH_9.6\r\n")],
    ["status 000", respondRaw("HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n")],
    ["status 099", respondRaw("HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n", "end")],
    ["a status of two digits", respondRaw("HTTP/1.1 20 X\r\n\r\n", "end")],
    ["a status of four digits", respondRaw("HTTP/1.1 2000 X\r\n\r\n", "end")],
    ["a status behind two blanks", respondRaw("HTTP/1.1  200 OK\r\n\r\n", "end")],
    ["a status with more than a reason behind it", respondRaw("HTTP/1.1 200:OK\r\n\r\n", "end")],
    ["an endless reason", flood("HTTP/1.1 200 ", "O")],
    ["another version", respondRaw("HTTP/9.9 200 OK\r\n\r\n", "end")],
  ];
  it.each(bad)("fails as protocol: %s", async (_, answer) => {
    const result = await resultOf(answer);
    expect([result.outcome, result.errorCode]).toEqual(["failed", "protocol"]);
  });

  it("leaves the sender in good order", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender({ connectionsPerEndpoint: 1 });
    for (const [, answer] of bad) {
      receiver.answer(answer);
      expect(answered(await send(sender, receiver.url())).errorCode).toBe("protocol");
      receiver.answer(respondWith(204));
      expect(answered(await send(sender, receiver.url())).outcome).toBe("delivered");
    }
    expect(receiver.requests).toHaveLength(bad.length * 2);
  });
});

describe("answers before the answer", () => {
  it("are passed over", async () => {
    const hint = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    expect(await resultOf(respondRaw(`${hint.repeat(20)}${head200}content-length: 2\r\n\r\nok`))).toMatchObject({
      outcome: "delivered",
      responseStatus: 200,
      responseBody: "ok",
    });
  });

  it("are the answer when nothing follows", async () => {
    expect(await resultOf(respondRaw("HTTP/1.1 199 X\r\n\r\n", "end"))).toMatchObject({
      outcome: "failed",
      errorCode: "http_status",
      responseStatus: 199,
    });
  });

  it("are passed over when one is a 100 that nobody asked for", async () => {
    const text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const receiver = await makeReceiver(respondRaw(text));
    const sender = makeSender();
    for (let time = 1; time <= 2; time += 1) {
      expect(answered(await send(sender, receiver.url()))).toMatchObject({ responseStatus: 200, responseBody: "ok" });
    }
    expect(receiver.connections).toBe(1);
  });

  it.each([
    ["without an upgrade", "HTTP/1.1 101 X\r\n\r\n"],
    ["with an upgrade", "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
    ["with a success behind it", "HTTP/1.1 101 X\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
  ])("are not what nobody asked for, 101 %s", async (_, text) => {
    const receiver = await makeReceiver(respondRaw(text));
    const result = answered(await send(makeSender(), receiver.url()));
    expect(result).toMatchObject({ outcome: "failed", errorCode: "protocol", responseStatus: 101 });
    await expect.poll(() => receiver.openConnections).toBe(0);
  });

  it("in a flood are cut before the deadline", async () => {
    const result = await resultOf(flood("", "HTTP/1.1 103 X\r\n\r\n"), { timeoutMs: 600_000 });
    expect([result.outcome, result.errorCode, result.responseStatus]).toEqual(["failed", "protocol", null]);
  });
});

describe("a body that is meant to exhaust memory", () => {
  it("is not inflated, so that a bomb stays small", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const result = await resultOf((socket) => {
      socket.write(`${head200}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    });
    expect(result.outcome).toBe("delivered");
    expect(result.responseBody!.length).toBeLessThanOrEqual(16_384);
  });

  it("is read no further than it is kept", async () => {
    let written = 0;
    const receiver = await makeReceiver((socket) => {
      socket.on("close", () => (written = socket.bytesWritten));
      flood(`${head200}content-length: 1000000000\r\n\r\n`, "x")(socket);
    });
    const sender = makeSender();
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 20; n += 1)
      expect(answered(await send(sender, receiver.url())).responseBody).toHaveLength(16_384);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    // What the sockets of both sides hold, but nothing like the whole.
    expect(written).toBeLessThan(50_000_000);
  });
});
