import { describe, expect, it } from "vitest";
import { Waiters } from "../../../src/runtime/waiters.ts";

describe("Waiters", () => {
  it("wakes everyone who waits, once", async () => {
    const waiters = new Waiters();
    const [one, other] = [waiters.wait(), waiters.wait(new AbortController().signal)];
    expect(waiters.count).toBe(2);
    waiters.wakeAll();
    await Promise.all([one, other]);
    expect(waiters.count).toBe(0);
  });

  it("ends a wait when its signal aborts, and only that one", async () => {
    const waiters = new Waiters();
    const abort = new AbortController();
    const ended = waiters.wait(abort.signal);
    const going = waiters.wait();
    abort.abort();
    await ended;
    expect(waiters.count).toBe(1);
    waiters.wakeAll();
    await going;
  });

  it("does not wait for a signal that has aborted", async () => {
    const waiters = new Waiters();
    await waiters.wait(AbortSignal.abort());
    expect(waiters.count).toBe(0);
  });

  it("leaves who waits again while it is woken to the next time", async () => {
    const waiters = new Waiters();
    let wakes = 0;
    const loop = async (): Promise<void> => {
      for (; wakes < 2; wakes++) await waiters.wait();
    };
    const looping = loop();
    waiters.wakeAll();
    await Promise.resolve();
    await Promise.resolve();
    expect(wakes).toBe(1);
    waiters.wakeAll();
    await looping;
  });
});
