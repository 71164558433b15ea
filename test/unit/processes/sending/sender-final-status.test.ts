import { describe, expect, it } from "vitest";
import { drip, flood, resetBehind } from "../../../fixtures/receivers/hostile-answers.ts";
import type { Answer } from "../../../fixtures/receivers/receiver.ts";
import { respondRaw, respondWith } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, send } from "../../../fixtures/sending/sender-setup.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const BUSY = "HTTP/1.1 503 Busy\r\n";
const CHUNKS = "2\r\nok\r\n0\r\n\r\n";

/** What is wrong behind a status line, as a text that takes the place of the other fields. */
const sloppy: [name: string, rest: string, isKept: boolean][] = [
  ["a folded line", "X: 1\r\n 2\r\ncontent-length: 2\r\n\r\nok", true],
  ["the same length twice", "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", true],
  ["the same length twice in one line", "Content-Length: 2, 2\r\n\r\nok", true],
  ["a length and chunks", `content-length: 99\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKS}`, false],
  ["a blank before a colon", "x : y\r\ncontent-length: 2\r\n\r\nok", false],
  ["a head of more than 16 KiB", `x: ${"y".repeat(17_000)}\r\ncontent-length: 2\r\n\r\nok`, false],
  ["many lines of more than 16 KiB", `${"x: 0123456789\r\n".repeat(1_200)}content-length: 2\r\n\r\nok`, false],
];

describe("the final status line decides", () => {
  it.each(sloppy)("behind 200 with %s", async (_, rest, isKept) => {
    const receiver = await makeReceiver(respondRaw(OK + rest));
    const result = answered(await send(makeSender(), receiver.url()));
    expect(result).toMatchObject({ outcome: "delivered", responseStatus: 200, responseBody: "ok" });
    if (isKept) expect(receiver.openConnections).toBe(1);
    else await expect.poll(() => receiver.openConnections).toBe(0);
  });

  it.each(sloppy)("behind 503 with %s, and Retry-After is kept", async (_, rest) => {
    const receiver = await makeReceiver(respondRaw(`${BUSY}Retry-After: 7\r\n${rest}`));
    const result = answered(await send(makeSender(), receiver.url()));
    expect(result).toMatchObject({ outcome: "failed", errorCode: "http_status", responseStatus: 503, retryAfter: "7" });
    expect(result.responseBody).toBe("ok");
  });

  it.each([
    ["lines that end in LF alone", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok"],
    ["Transfer-Encoding: identity", `${OK}transfer-encoding: identity\r\n\r\nok`],
  ])("behind 200 with %s", async (_, text) => {
    const receiver = await makeReceiver(respondRaw(text, "end"));
    expect(answered(await send(makeSender(), receiver.url()))).toMatchObject({
      outcome: "delivered",
      responseBody: "ok",
    });
    await expect.poll(() => receiver.openConnections).toBe(0);
  });

  const broken: [string, (head: string) => Answer][] = [
    ["that ends in its headers", (head) => respondRaw(`${head}x: y\r\n`, "end")],
    ["that is reset in its headers", (head) => resetBehind(`${head}x: `)],
    ["with endless headers", (head) => flood(head, "x-a: b\r\n")],
    ["with one endless header", (head) => flood(`${head}x-a: `, "b")],
    ["with a header that drips", (head) => drip(`${head}x: `, "y", 10)],
    ["with nothing behind it", (head) => respondRaw(head)],
    ["with a length that is no number", (head) => respondRaw(`${head}content-length: abc\r\n\r\n`)],
    ["with two lengths", (head) => respondRaw(`${head}content-length: 1\r\ncontent-length: 2\r\n\r\nab`)],
    ["with a NUL in a header", (head) => respondRaw(`${head}x: a\0b\r\ncontent-length: 0\r\n\r\n`)],
    ["with a header without a name", (head) => respondRaw(`${head}: x\r\n\r\n`)],
  ];
  describe.each(broken)("behind a head %s", (_, answer) => {
    it.each([
      [OK, "delivered", null],
      [BUSY, "failed", "http_status"],
      ["HTTP/1.1 410 Gone\r\n", "failed", "gone"],
    ] as const)("%j", async (head, outcome, errorCode) => {
      const receiver = await makeReceiver(answer(head));
      const sender = makeSender({ timeoutMs: 300, connectionsPerEndpoint: 1 });
      expect(answered(await send(sender, receiver.url()))).toMatchObject({ outcome, errorCode });
      await expect.poll(() => receiver.openConnections).toBe(0);
      receiver.answer(respondWith(204));
      expect(answered(await send(sender, receiver.url())).responseStatus).toBe(204);
    });
  });

  it.each([
    ["ends", respondRaw(`${BUSY}Retry-After: 7\r\nx:`, "end"), "7"],
    ["stalls", respondRaw(`${BUSY}Retry-After: 7\r\n`), "7"],
    ["has it twice", respondRaw(`${BUSY}Retry-After: 7\r\nRetry-After: 8\r\n`, "end"), null],
    ["has it in its last line, which is not whole", respondRaw(`${BUSY}Retry-After: 7`, "end"), null],
    ["has it in an interim answer", respondRaw(`HTTP/1.1 103 X\r\nRetry-After: 7\r\n\r\n${BUSY}`, "end"), null],
  ] as [string, Answer, string | null][])("and Retry-After of a head that %s", async (_, answer, retryAfter) => {
    const receiver = await makeReceiver(answer);
    const result = answered(await send(makeSender({ timeoutMs: 300 }), receiver.url()));
    expect(result).toMatchObject({ errorCode: "http_status", responseStatus: 503, retryAfter });
  });

  it("when 100 interim answers drip before it", async () => {
    let left = 100;
    const receiver = await makeReceiver((socket) => {
      const next = (): void => {
        left -= 1;
        socket.write(
          left > 0 ? `HTTP/1.1 ${100 + (left % 4 === 1 ? 2 : left % 4)} X\r\nlink: </a>\r\n\r\n` : `${OK}\r\n`,
        );
        if (left > 0) setImmediate(next);
        else socket.end();
      };
      next();
    });
    expect(answered(await send(makeSender(), receiver.url()))).toMatchObject({ outcome: "delivered" });
  });

  it("of the first of two answers that come at once, and the connection is closed", async () => {
    const smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    const receiver = await makeReceiver(respondRaw(`HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n${smuggled}`));
    const sender = makeSender({ connectionsPerEndpoint: 1 });
    expect(answered(await send(sender, receiver.url())).responseStatus).toBe(500);
    receiver.answer(respondWith(503));
    expect(answered(await send(sender, receiver.url())).responseStatus).toBe(503);
    expect(receiver.connections).toBe(2);
  });
});
