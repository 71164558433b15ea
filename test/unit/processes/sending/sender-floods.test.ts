import { describe, expect, it } from "vitest";
import { MAX_ANSWER_BYTES } from "../../../../src/processes/sending/answers/reading-limit.ts";
import { flood } from "../../../fixtures/receivers/hostile-answers.ts";
import { respondWith } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, send } from "../../../fixtures/sending/sender-setup.ts";

/** So long that nothing in here ends by it. */
const timeoutMs = 600_000;
const head200 = "HTTP/1.1 200 OK\r\n";
const chunked = `${head200}transfer-encoding: chunked\r\n\r\n`;

describe("a flood of what the HTTP client reads past without counting it", () => {
  it.each([
    ["a reason", flood("HTTP/1.1 200 ", "O"), "protocol", null],
    ["empty lines before the answer", flood("", "\r\n"), "protocol", null],
    ["blanks before a header's value", flood(`${head200}x:`, " "), null, 200],
    ["answers before the answer", flood("", "HTTP/1.1 103 X\r\n\r\n"), "protocol", null],
    ["the extension of a chunk", flood(`${chunked}1;`, "a"), null, 200],
    ["the extensions of chunks", flood(chunked, `1;${"a".repeat(10_000)}\r\nx\r\n`), null, 200],
  ] as const)("is cut when it is %s, and the connection with it", async (_, answer, errorCode, status) => {
    let written = 0;
    const receiver = await makeReceiver((socket) => {
      socket.on("close", () => (written = socket.bytesWritten));
      answer(socket);
    });
    const sender = makeSender({ timeoutMs });
    expect(answered(await send(sender, receiver.url()))).toMatchObject({ errorCode, responseStatus: status });
    await expect.poll(() => receiver.openConnections).toBe(0);
    // What the sockets of both sides hold, but nothing like what comes in a second.
    expect(written).toBeLessThan(50_000_000);

    receiver.answer(respondWith(204));
    expect(answered(await send(sender, receiver.url())).responseStatus).toBe(204);
  });
});

describe("the limit of what is read for a request", () => {
  it("counts each request of a connection by itself", async () => {
    const receiver = await makeReceiver(respondWith(200, "x".repeat(16_000)));
    const sender = makeSender({ timeoutMs, connectionsPerEndpoint: 1 });
    const enough = Math.ceil(MAX_ANSWER_BYTES / 16_000) * 3;
    for (let n = 0; n < enough; n += 1) {
      expect(answered(await send(sender, receiver.url()))).toMatchObject({
        outcome: "delivered",
        responseTruncated: false,
      });
    }
    expect(receiver.connections).toBe(1);
  });
});
