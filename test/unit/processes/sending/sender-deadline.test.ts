import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../fixtures/fake-clock.ts";
import { createManualClock } from "../../../fixtures/manual-clock.ts";
import { drip } from "../../../fixtures/receivers/hostile-answers.ts";
import type { Answer } from "../../../fixtures/receivers/receiver.ts";
import { respondRaw, respondWith } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, requestTo, send } from "../../../fixtures/sending/sender-setup.ts";

const late: [string, Answer][] = [
  ["never answers", () => undefined],
  ["drips its status line", drip("HTTP/1.1 200 ", "O", 10)],
  ["sends 103 for ever", drip("", "HTTP/1.1 103 Early Hints\r\n\r\n", 10)],
];

describe("the deadline", () => {
  it.each(late)("ends an attempt whose receiver %s", async (_, answer) => {
    const receiver = await makeReceiver(answer);
    const result = answered(await send(makeSender({ timeoutMs: 400 }), receiver.url()));
    expect(result).toMatchObject({ outcome: "failed", errorCode: "timeout", responseStatus: null, responseBody: null });
    expect(result.durationMs).toBeGreaterThanOrEqual(399);
    expect(receiver.requests).toHaveLength(1);
  });

  it("ends an attempt whose TLS handshake hangs, and can connect again", async () => {
    const clock = createManualClock();
    let takeOver: (socket: Socket) => void = () => undefined;
    const connected = new Promise<Socket>((resolve) => (takeOver = resolve));
    const onConnection = (socket: Socket): boolean => {
      socket.once("data", () => takeOver(socket));
      return true;
    };
    const receiver = await makeReceiver(undefined, { onConnection });
    const sender = makeSender({ clock, connectionsPerEndpoint: 1 });
    const first = send(sender, receiver.url().replace("http:", "https:"));
    await connected;
    clock.advance(10_000);
    expect(answered(await first)).toMatchObject({ errorCode: "timeout", responseStatus: null, durationMs: 10_000 });
    await expect.poll(() => receiver.openConnections).toBe(0);
    const second = send(sender, receiver.url().replace("http:", "https:"));
    await expect.poll(() => receiver.connections).toBe(2);
    clock.advance(10_000);
    expect(answered(await second).errorCode).toBe("timeout");
  });

  it("is exact on the clock and covers the whole attempt", async () => {
    const clock = createManualClock();
    const receiver = await makeReceiver(() => undefined);
    const sender = makeSender({ clock, timeoutMs: 5000 });
    let settled = false;
    const result = send(sender, receiver.url()).finally(() => (settled = true));
    await receiver.received(1);
    clock.advance(4999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    clock.advance(1);
    expect(answered(await result)).toMatchObject({ errorCode: "timeout", durationMs: 5000 });
  });

  it.each([3_600_000, -3_600_000])("stays where it is when the wall clock is set by %i ms", async (stepMs) => {
    const clock = createManualClock();
    const receiver = await makeReceiver(() => undefined);
    const result = send(makeSender({ clock, timeoutMs: 5000 }), receiver.url());
    await receiver.received(1);
    clock.advance(1000);
    clock.jump(stepMs);
    clock.advance(4000);
    expect(answered(await result)).toMatchObject({ errorCode: "timeout", durationMs: 5000 });
  });

  it.each([3_600_000, -3_600_000])("leaves the duration alone when the wall clock is set by %i ms", async (stepMs) => {
    const clock = createManualClock();
    const receiver = await makeReceiver((socket, request) => {
      clock.advance(1000);
      clock.jump(stepMs);
      clock.advance(500);
      respondWith(200)(socket, request);
    });
    expect(answered(await send(makeSender({ clock }), receiver.url()))).toMatchObject({ durationMs: 1500 });
  });

  it("of an attempt that ended in time changes nothing later", async () => {
    const clock = createManualClock();
    const receiver = await makeReceiver(respondWith(200, "ok"));
    const sender = makeSender({ clock, timeoutMs: 5000 });
    expect(answered(await send(sender, receiver.url())).durationMs).toBe(0);
    clock.advance(6000);
    expect(answered(await send(sender, receiver.url())).outcome).toBe("delivered");
    expect(receiver.connections).toBe(1);
  });
});

it("a clock that is set an hour on or back during an attempt does not change how long it took", async () => {
  const fake = new FakeClock();
  const receiver = await makeReceiver(() => undefined);
  const sender = makeSender({ clock: fake, timeoutMs: 1500 });
  for (const stepMs of [3_600_000, -3_600_000]) {
    const count = receiver.requests.length + 1;
    const result = send(sender, receiver.url());
    await receiver.received(count);
    await fake.advance(700);
    fake.jump(stepMs);
    await fake.advance(800);
    expect(answered(await result)).toMatchObject({ errorCode: "timeout", durationMs: 1500 });
  }
});

describe("the signal", () => {
  it("that has aborted already lets nothing be sent", async () => {
    const receiver = await makeReceiver();
    expect(await makeSender().send(requestTo(receiver.url()), AbortSignal.abort())).toEqual({
      kind: "not_sent",
      reason: "shutting down",
    });
    expect(receiver.connections).toBe(0);
  });

  it("before a byte left means not sent", async () => {
    const receiver = await makeReceiver();
    const stop = new AbortController();
    const result = makeSender().send(requestTo(receiver.url()), stop.signal);
    stop.abort();
    expect(await result).toEqual({ kind: "not_sent", reason: "shutting down" });
    expect(receiver.requests).toHaveLength(0);
  });

  it("when the receiver may have it means interrupted", async () => {
    const receiver = await makeReceiver(() => undefined);
    const stop = new AbortController();
    const result = makeSender().send(requestTo(receiver.url()), stop.signal);
    await receiver.received(1);
    stop.abort();
    expect(await result).toEqual({ kind: "interrupted" });
  });

  it("after a status leaves that status the result", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const receiver = await makeReceiver(respondRaw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"));
    const result = makeSender({ clock }).send(requestTo(receiver.url()), stop.signal);
    // The shorter timer is the sign that the head was read.
    await expect.poll(() => clock.pending()).toEqual([1000]);
    stop.abort();
    expect(answered(await result)).toMatchObject({ outcome: "delivered", responseBody: "ab", responseTruncated: true });
    expect(clock.pending()).toEqual([]);
  });

  it("ends many attempts at once, and none is left listening", async () => {
    const receiver = await makeReceiver(() => undefined);
    const sender = makeSender();
    const stop = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const results = Array.from({ length: 60 }, (_, n) =>
      sender.send(requestTo(receiver.url(), { endpointId: n }), stop.signal),
    );
    await receiver.received(60);
    stop.abort();
    expect((await Promise.all(results)).map(({ kind }) => kind)).toEqual(Array(60).fill("interrupted"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("closing", () => {
  it("waits for attempts under way, takes no more and ends the connections", async () => {
    let socketOf: Socket | undefined;
    const receiver = await makeReceiver((socket) => (socketOf = socket));
    const sender = makeSender();
    const underWay = send(sender, receiver.url());
    await receiver.received(1);
    const closed = sender.close();
    expect(await send(sender, receiver.url())).toEqual({ kind: "not_sent", reason: "shutting down" });
    const ended = new Promise((resolve) => socketOf?.on("close", resolve));
    socketOf?.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    expect(answered(await underWay).outcome).toBe("delivered");
    await closed;
    await ended;
  });
});
