import { describe, expect, it } from "vitest";
import {
  INTERVAL_MS,
  LONGEST_REST,
  PollThrottle,
  SAVED_POLLS,
} from "../../../../src/projections/running/poll-throttle.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

/** Asks for the next poll, and returns whether it came without time passing. */
async function comesAtOnce(throttle: PollThrottle, clock: FakeClock): Promise<boolean> {
  let came = false;
  void throttle.next(new AbortController().signal).then(() => (came = true));
  await clock.settle();
  return came;
}

/** Spends the polls that a new throttle has saved up. */
async function spendSaved(throttle: PollThrottle, clock: FakeClock): Promise<void> {
  for (let poll = 0; poll < SAVED_POLLS; poll++) expect(await comesAtOnce(throttle, clock)).toBe(true);
}

describe("a poll throttle", () => {
  it("allows a few polls at once, and further ones an interval apart", async () => {
    const clock = new FakeClock();
    const throttle = new PollThrottle(clock);
    await spendSaved(throttle, clock);
    for (let turn = 0; turn < 3; turn++) {
      let came = false;
      void throttle.next(new AbortController().signal).then(() => (came = true));
      await clock.advance(INTERVAL_MS - 1);
      expect(came).toBe(false);
      await clock.advance(1);
      expect(came).toBe(true);
    }
  });

  it("allows as many polls at once after a quiet time, and no more", async () => {
    const clock = new FakeClock();
    const throttle = new PollThrottle(clock);
    await spendSaved(throttle, clock);
    await clock.advance(INTERVAL_MS * SAVED_POLLS * 10);
    await spendSaved(throttle, clock);
    expect(await comesAtOnce(throttle, clock)).toBe(false);
  });

  it.each([-3_600_000, 3_600_000])("waits for an interval when the wall clock is set by %i ms", async (stepMs) => {
    const clock = new FakeClock();
    const throttle = new PollThrottle(clock);
    await spendSaved(throttle, clock);
    clock.jump(stepMs);
    let came = false;
    void throttle.next(new AbortController().signal).then(() => (came = true));
    await clock.advance(INTERVAL_MS - 1);
    expect(came).toBe(false);
    await clock.advance(1);
    expect(came).toBe(true);
  });

  it.each([
    { workedMs: INTERVAL_MS / 4, intervals: 1 },
    { workedMs: INTERVAL_MS / 2, intervals: 2 },
    { workedMs: INTERVAL_MS * 100, intervals: LONGEST_REST },
  ])("rests for $intervals intervals after $workedMs ms of work", async ({ workedMs, intervals }) => {
    const clock = new FakeClock();
    const throttle = new PollThrottle(clock);
    await spendSaved(throttle, clock);
    let came = false;
    void throttle.next(new AbortController().signal, workedMs).then(() => (came = true));
    await clock.advance(intervals * INTERVAL_MS - 1);
    expect(came).toBe(false);
    await clock.advance(1);
    expect(came).toBe(true);
  });

  it("ends its wait when the signal aborts", async () => {
    const clock = new FakeClock();
    const throttle = new PollThrottle(clock);
    await spendSaved(throttle, clock);
    const abort = new AbortController();
    const ended = throttle.next(abort.signal);
    abort.abort();
    await ended;
    expect(clock.timers).toBe(0);
  });
});
