import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { makeTlsCertificates } from "../../../fixtures/certificates/tls-certificates.ts";
import { createManualClock } from "../../../fixtures/manual-clock.ts";
import type { Answer, Receiver } from "../../../fixtures/receivers/receiver.ts";
import { respondRaw, respondWith } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, requestTo, send } from "../../../fixtures/sending/sender-setup.ts";

const certificates = makeTlsCertificates();

/** Answers the first request of each connection, and does this with each later one. */
function butAgain(act: Answer, first: Answer = respondWith(200, "ok")): Answer {
  return (socket, request) => {
    const hasServed = served.has(socket);
    served.add(socket);
    (hasServed ? act : first)(socket, request);
  };
}
const served = new WeakSet<Socket>();

const connectionsOf = ({ requests }: Receiver): number[] => requests.map(({ connection }) => connection);

describe("a kept connection that the receiver closes when it is used again", () => {
  it.each([
    ["ends", (socket: Socket) => socket.end()],
    ["is reset", (socket: Socket) => socket.resetAndDestroy()],
  ])("is replaced by a new one in the same attempt when it %s, and both are counted", async (_, close) => {
    const receiver = await makeReceiver(butAgain(close));
    const sender = makeSender();
    expect(answered(await send(sender, receiver.url()))).toMatchObject({ outcome: "delivered", connections: 1 });
    expect(answered(await send(sender, receiver.url()))).toMatchObject({ outcome: "delivered", connections: 2 });
    expect(connectionsOf(receiver)).toEqual([1, 1, 2]);
    expect(receiver.requests[2]).toMatchObject({
      headers: receiver.requests[1]!.headers,
      body: receiver.requests[1]!.body,
    });
  });

  it.skipIf(certificates === null)("is replaced under TLS too", async () => {
    const { good, authority } = certificates!;
    const receiver = await makeReceiver(
      butAgain((socket) => socket.destroy()),
      { tls: good },
    );
    const sender = makeSender({ connect: { ca: authority } });
    await send(sender, receiver.url());
    expect(answered(await send(sender, receiver.url()))).toMatchObject({ outcome: "delivered", connections: 2 });
  });

  it("is replaced when a large request was written in part", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    await send(sender, receiver.url());
    const onFirst = receiver.requests.length;
    receiver.answer(butAgain((socket) => socket.resetAndDestroy()));
    const body = JSON.stringify({ x: "x".repeat(250_000) });
    expect(answered(await send(sender, receiver.url(), { body }))).toMatchObject({ outcome: "delivered" });
    expect(receiver.requests.slice(onFirst).every((request) => request.body.toString() === body)).toBe(true);
  });

  it("fails the attempt when the new one is closed as well: one repeat, and no more", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    await send(sender, receiver.url());
    receiver.answer((socket) => socket.destroy());
    expect(answered(await send(sender, receiver.url()))).toMatchObject({ errorCode: "reset", connections: 2 });
    expect(connectionsOf(receiver)).toEqual([1, 1, 2]);
  });

  it("fails the attempt as refused when nobody listens any more", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    await send(sender, receiver.url());
    receiver.answer(() => void receiver.close());
    expect(answered(await send(sender, receiver.url()))).toMatchObject({ errorCode: "refused", connections: 2 });
  });

  it.each([
    ["a byte of the answer", "H", "reset", null],
    ["an interim answer", "HTTP/1.1 103 X\r\n\r\n", "http_status", 103],
    ["the status line", "HTTP/1.1 500 X\r\n", "http_status", 500],
  ])("is not replaced after %s", async (_, text, errorCode, responseStatus) => {
    const receiver = await makeReceiver(butAgain(respondRaw(text, "end")));
    const sender = makeSender();
    await send(sender, receiver.url());
    const result = answered(await send(sender, receiver.url()));
    expect(result).toMatchObject({ errorCode, responseStatus, connections: 1 });
    expect(connectionsOf(receiver)).toEqual([1, 1]);
  });

  it("is not replaced after the deadline", async () => {
    const clock = createManualClock();
    const receiver = await makeReceiver(butAgain(() => undefined));
    const sender = makeSender({ clock, timeoutMs: 5000 });
    await send(sender, receiver.url());
    const result = send(sender, receiver.url());
    await receiver.received(2);
    clock.advance(5000);
    expect(answered(await result)).toMatchObject({ errorCode: "timeout", connections: 1 });
    await expect.poll(() => receiver.openConnections).toBe(0);
    expect(connectionsOf(receiver)).toEqual([1, 1]);
  });

  it("has the deadline run on through the repeat", async () => {
    const clock = createManualClock();
    const receiver = await makeReceiver(butAgain((socket) => socket.end(), respondWith(200)));
    const sender = makeSender({ clock, timeoutMs: 5000 });
    await send(sender, receiver.url());
    receiver.answer((socket) => {
      if (!served.has(socket)) return;
      clock.advance(3000);
      socket.end();
    });
    const result = send(sender, receiver.url());
    await receiver.received(3);
    clock.advance(2000);
    expect(answered(await result)).toMatchObject({ errorCode: "timeout", durationMs: 5000, connections: 2 });
  });

  it("leaves it unknown whether the receiver has it when the repeat is cut off", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    await send(sender, receiver.url());
    const stop = new AbortController();
    receiver.answer((socket) => {
      // Breaks first, so that the abort finds the second connection being made.
      socket.on("close", () => queueMicrotask(() => stop.abort()));
      socket.resetAndDestroy();
    });
    const result = await sender.send(requestTo(receiver.url()), stop.signal);
    expect(result.kind).toBe("interrupted");
  });

  it("never fails an attempt when every one is closed silently behind its answer", async () => {
    const receiver = await makeReceiver((socket, request) => {
      respondWith(200)(socket, request);
      // Now and then before the next request, at it, and behind it.
      setTimeout(() => socket.destroy(), request.body.length % 4);
    });
    const sender = makeSender({ connectionsPerEndpoint: 10 });
    const failed: unknown[] = [];
    for (let n = 0; n < 100; n += 1) {
      const results = Array.from({ length: 10 }, (_, m) =>
        send(sender, receiver.url(), { body: JSON.stringify({ n: "x".repeat((n + m) % 4) }) }),
      );
      for (const result of await Promise.all(results))
        if (answered(result).outcome !== "delivered") failed.push(result);
    }
    expect(failed).toEqual([]);
  });
});

describe("a connection that was not used before", () => {
  it("is not replaced when it is closed without an answer", async () => {
    const receiver = await makeReceiver((socket) => socket.end());
    const result = answered(await send(makeSender(), receiver.url()));
    expect(result).toMatchObject({ errorCode: "reset", connections: 1 });
    expect(receiver.requests).toHaveLength(1);
  });
});
