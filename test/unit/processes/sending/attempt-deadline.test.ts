import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { StandstillWatch } from "../../../../src/runtime/standstill.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";
import type { Answer } from "../../../fixtures/receivers/receiver.ts";
import { respondWith } from "../../../fixtures/receivers/receiver.ts";
import { makeReceiver, makeSender, send } from "../../../fixtures/sending/sender-setup.ts";

const TIMEOUT_MS = 2_000;

/** A sender whose process can stand still, and whose attempts have 2 s. */
function heldSender(options: Parameters<typeof makeSender>[0] = {}) {
  const clock = new FakeClock();
  const standstills = new StandstillWatch(clock, () => undefined);
  return { clock, sender: makeSender({ clock, standstills, timeoutMs: TIMEOUT_MS, ...options }) };
}

describe("a deadline that passes while the process stands still", () => {
  it("makes an attempt without an answer unknown", async () => {
    const receiver = await makeReceiver(() => undefined);
    const { clock, sender } = heldSender();
    const result = send(sender, receiver.url());
    await receiver.received(1);
    clock.pass(60_000);
    await clock.advance(0);
    expect(await result).toEqual({ kind: "interrupted" });
  });

  it("lets an answer count that came meanwhile, and gives its rest time", async () => {
    let answer: () => void = () => undefined;
    const whole: Answer = (socket, request) => void (answer = () => respondWith(201, "done")(socket, request));
    const receiver = await makeReceiver(whole);
    const { clock, sender } = heldSender();
    const result = send(sender, receiver.url());
    await receiver.received(1);
    clock.pass(60_000);
    // It is in the socket when the deadline is found to have passed.
    answer();
    await clock.advance(0);
    expect(await result).toMatchObject({ kind: "answered", responseStatus: 201, responseBody: "done" });
  });

  it("sends nothing any more, and gives back an attempt that had not been sent", async () => {
    const { clock, sender } = heldSender({ resolver: { resolve: () => new Promise(() => undefined) } });
    const result = send(sender, "http://receiver.test/");
    await nextTurn();
    clock.pass(60_000);
    await clock.advance(0);
    expect(await result).toEqual({ kind: "not_sent", reason: "the process stood still" });
  });

  it.each(["ETIMEOUT", "UND_ERR_CONNECT_TIMEOUT"])("does not make the earlier limit %s a failure", async (code) => {
    let fail: (error: Error) => void = () => undefined;
    const resolve = (): Promise<string[]> => new Promise((_, reject) => (fail = reject));
    const { clock, sender } = heldSender({ resolver: { resolve } });
    const result = send(sender, "http://receiver.test/");
    await nextTurn();
    clock.pass(1_900);
    fail(Object.assign(new Error("too late"), { code }));
    expect(await result).toEqual({ kind: "not_sent", reason: "the process stood still" });
  });
});

describe("a deadline that passes while the process runs", () => {
  it("is the receiver's fault, also after an earlier standstill", async () => {
    const receiver = await makeReceiver(() => undefined);
    const { clock, sender } = heldSender({ timeoutMs: 10_000 });
    const result = send(sender, receiver.url());
    await receiver.received(1);
    clock.pass(5_000);
    await clock.advance(5_000);
    expect(await result).toMatchObject({ kind: "answered", errorCode: "timeout", durationMs: 10_000 });
  });
});
