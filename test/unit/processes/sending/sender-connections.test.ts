import { createServer } from "node:net";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { resetBehind } from "../../../fixtures/receivers/hostile-answers.ts";
import type { Answer } from "../../../fixtures/receivers/receiver.ts";
import { respondRaw, respondWith } from "../../../fixtures/receivers/receiver.ts";
import {
  answered,
  makeReceiver,
  makeSender,
  openRules,
  requestTo,
  send,
} from "../../../fixtures/sending/sender-setup.ts";

const head200 = "HTTP/1.1 200 OK\r\n";

describe("connections", () => {
  it("are kept and used again", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender();
    for (let n = 0; n < 20; n += 1) await send(sender, receiver.url(`/${n}`));
    expect(receiver.requests).toHaveLength(20);
    expect(receiver.connections).toBe(1);
  });

  it("are at most the endpoint's, and an attempt beyond them is not sent", async () => {
    const receiver = await makeReceiver(() => undefined);
    const sender = makeSender({ connectionsPerEndpoint: 2 });
    const hanging = [send(sender, receiver.url("/a")), send(sender, receiver.url("/b"))];
    await receiver.received(2);
    expect(await send(sender, receiver.url("/c"))).toEqual({
      kind: "not_sent",
      reason: "every connection of this endpoint is in use",
    });
    receiver.answer(respondWith(200));
    expect(answered(await send(sender, receiver.url("/d"), { endpointId: 2 })).outcome).toBe("delivered");
    await receiver.close();
    expect((await Promise.all(hanging)).map((result) => answered(result).errorCode)).toEqual(["reset", "reset"]);
  });

  it("that the receiver closed between two requests are replaced without a failure", async () => {
    const receiver = await makeReceiver(respondWith(200, "", { connection: "close" }));
    const sender = makeSender();
    for (let n = 0; n < 5; n += 1) expect(answered(await send(sender, receiver.url())).outcome).toBe("delivered");
    expect([receiver.requests.length, receiver.connections]).toEqual([5, 5]);
  });

  it("of endpoints that were unused for the longest time are closed, so that sockets do not pile up", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender({ maxPools: 3 });
    for (let n = 0; n < 30; n += 1) await send(sender, receiver.url(), { endpointId: n });
    expect(receiver.connections).toBe(30);
    await expect.poll(() => receiver.openConnections).toBe(3);
  });

  it("serve many attempts at once, each with its own answer", async () => {
    const receiver = await makeReceiver((socket, request) =>
      respondWith(200, request.body.toString())(socket, request),
    );
    const sender = makeSender();
    const signal = new AbortController().signal;
    const bodies = await Promise.all(
      Array.from({ length: 200 }, async (_, n) =>
        answered(await sender.send(requestTo(receiver.url(), { endpointId: n % 40, body: `{"n":${n}}` }), signal)),
      ),
    );
    expect(bodies.map(({ responseBody }) => responseBody)).toEqual(Array.from({ length: 200 }, (_, n) => `{"n":${n}}`));
    expect(receiver.connections).toBe(200);
  });
});

describe("a connection that breaks", () => {
  const breaking: [string, Answer][] = [
    ["ends without an answer", (socket) => socket.end()],
    ["is reset without an answer", (socket) => socket.resetAndDestroy()],
    ["ends in the status line", respondRaw("HTTP/1.1 2", "end")],
    ["is reset in the status line", resetBehind("HTTP/1.1 2")],
  ];
  it.each(breaking)("fails as reset when it %s, after one request", async (_, answer) => {
    const receiver = await makeReceiver(answer);
    const result = answered(await send(makeSender(), receiver.url()));
    expect(result).toMatchObject({ outcome: "failed", errorCode: "reset", responseStatus: null, responseBody: null });
    expect([receiver.requests.length, receiver.connections]).toEqual([1, 1]);
  });

  it.each([
    ["on being accepted", (socket: Socket) => socket.resetAndDestroy()],
    ["on its first byte", (socket: Socket) => socket.once("data", () => socket.resetAndDestroy())],
  ])("fails as reset when it is reset %s", async (_, reset) => {
    const onConnection = (socket: Socket): boolean => {
      reset(socket);
      return true;
    };
    const receiver = await makeReceiver(undefined, { onConnection });
    const result = answered(await send(makeSender(), receiver.url(), { body: "x".repeat(250_000) }));
    expect(result).toMatchObject({ outcome: "failed", errorCode: "reset" });
    expect(receiver.connections).toBe(1);
  });

  it("fails as protocol when the receiver speaks first, in another protocol", async () => {
    const onConnection = (socket: Socket): undefined => void socket.write("220 mail ESMTP\r\n");
    const receiver = await makeReceiver(() => undefined, { onConnection });
    expect(answered(await send(makeSender(), receiver.url())).errorCode).toBe("protocol");
  });
});

describe("an answer without a request", () => {
  it.each([
    ["at once", (socket: Socket, text: string) => void socket.write(text + text.replace("200", "500"))],
    [
      "a little later",
      (socket: Socket, text: string) =>
        socket.write(text, () => setImmediate(() => socket.write(text.replace("200", "500")))),
    ],
  ])("behind another, %s, is not taken for the next one's", async (_, write) => {
    const text = `${head200}content-length: 0\r\n\r\n`;
    const receiver = await makeReceiver((socket) => write(socket, text));
    const sender = makeSender({ connectionsPerEndpoint: 1 });
    expect(answered(await send(sender, receiver.url())).responseStatus).toBe(200);
    await expect.poll(() => receiver.openConnections).toBe(0);
    receiver.answer(respondWith(204));
    expect(answered(await send(sender, receiver.url())).responseStatus).toBe(204);
  });
});

describe("a receiver that cannot be reached", () => {
  it("fails as refused when nothing listens there", async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.2", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
      });
    });
    const sender = makeSender();
    for (let n = 0; n < 3; n += 1) {
      expect(answered(await send(sender, `http://127.0.0.2:${port}/`))).toMatchObject({
        outcome: "failed",
        errorCode: "refused",
        responseStatus: null,
      });
    }
  });

  it("fails as dns when the name does not exist", async () => {
    // The rules refuse this name; a name that they take cannot be known not to exist.
    const sender = makeSender({ rules: { ...openRules, judgeUrl: () => "ok" } });
    expect(answered(await send(sender, "http://nowhere.invalid/")).errorCode).toBe("dns");
  });
});
