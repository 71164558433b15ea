import { describe, expect, it } from "vitest";
import { supervise } from "../../../src/runtime/supervision.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

/** Supervises a loop; `waits` are what it was told to wait after each failure, in ms. */
function start(clock: FakeClock, loop: () => Promise<void>) {
  const waits: number[] = [];
  const abort = new AbortController();
  const ended = supervise(loop, clock, (_error, wait) => waits.push(wait), abort.signal);
  return { waits, abort, ended };
}

const failing = () => Promise.reject(new Error("the store is down"));

describe("the supervision of a loop", () => {
  it("starts it again after waits that double from 100 ms to 5 seconds", async () => {
    const clock = new FakeClock();
    const { waits, abort, ended } = start(clock, failing);
    await clock.advance(120_000);
    expect(waits.slice(0, 11)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000]);
    abort.abort();
    await ended;
    expect(clock.timers).toBe(0);
  });

  it("ends when the loop returns", async () => {
    const clock = new FakeClock();
    const { waits, ended } = start(clock, () => Promise.resolve());
    await ended;
    expect(waits).toEqual([]);
  });

  it("starts over with short waits after a run of over a minute", async () => {
    const clock = new FakeClock();
    let runs = 0;
    const { waits, abort, ended } = start(clock, async () => {
      runs++;
      // Only time that passes makes a run long.
      clock.jump(3_600_000);
      if (runs === 4) await new Promise<void>((resolve) => clock.schedule(60_001, resolve));
      throw new Error("the store is down");
    });
    await clock.advance(62_000);
    expect(waits.slice(0, 5)).toEqual([100, 200, 400, 100, 200]);
    abort.abort();
    await ended;
  });

  it("ends at once when its signal aborts, even in the middle of a wait", async () => {
    const clock = new FakeClock();
    const { abort, ended } = start(clock, failing);
    await clock.settle();
    abort.abort();
    await ended;
    expect(clock.timers).toBe(0);
  });

  it("ignores what the loop throws after the abort", async () => {
    const clock = new FakeClock();
    let fail = (): void => undefined;
    const { waits, abort, ended } = start(
      clock,
      () => new Promise((_resolve, reject) => (fail = () => reject(new Error("the store is closed")))),
    );
    abort.abort();
    fail();
    await ended;
    expect(waits).toEqual([]);
  });

  it("does not start when its signal has already aborted", async () => {
    const clock = new FakeClock();
    let runs = 0;
    await supervise(
      () => {
        runs++;
        return Promise.resolve();
      },
      clock,
      () => undefined,
      AbortSignal.abort(),
    );
    expect(runs).toBe(0);
  });
});
