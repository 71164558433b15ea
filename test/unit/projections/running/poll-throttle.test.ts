import { describe, expect, it } from "vitest";
import { INTERVAL_MS, PollThrottle, SAVED_LOOKS } from "../../../../src/projections/running/poll-throttle.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

/** Asks for the next turn, and tells whether it came without time passing. */
async function comesAtOnce(pace: PollThrottle, clock: FakeClock): Promise<boolean> {
  let came = false;
  void pace.next(new AbortController().signal).then(() => (came = true));
  await clock.settle();
  return came;
}

/** Spends the looks that a new pace has saved up. */
async function spendSaved(pace: PollThrottle, clock: FakeClock): Promise<void> {
  for (let look = 0; look < SAVED_LOOKS; look++) expect(await comesAtOnce(pace, clock)).toBe(true);
}

describe("the pace of a follower", () => {
  it("lets a few turns come at once, and further ones an interval apart", async () => {
    const clock = new FakeClock();
    const pace = new PollThrottle(clock);
    await spendSaved(pace, clock);
    for (let turn = 0; turn < 3; turn++) {
      let came = false;
      void pace.next(new AbortController().signal).then(() => (came = true));
      await clock.advance(INTERVAL_MS - 1);
      expect(came).toBe(false);
      await clock.advance(1);
      expect(came).toBe(true);
    }
  });

  it("lets as many turns come at once after a quiet time, and no more", async () => {
    const clock = new FakeClock();
    const pace = new PollThrottle(clock);
    await spendSaved(pace, clock);
    await clock.advance(INTERVAL_MS * SAVED_LOOKS * 10);
    await spendSaved(pace, clock);
    expect(await comesAtOnce(pace, clock)).toBe(false);
  });

  it("never waits for longer than an interval, though the clock was set back by an hour", async () => {
    const clock = new FakeClock();
    const pace = new PollThrottle(clock);
    await spendSaved(pace, clock);
    clock.jump(-3_600_000);
    let came = false;
    void pace.next(new AbortController().signal).then(() => (came = true));
    await clock.advance(INTERVAL_MS);
    expect(came).toBe(true);
  });

  it("ends its wait when it is told to", async () => {
    const clock = new FakeClock();
    const pace = new PollThrottle(clock);
    await spendSaved(pace, clock);
    const abort = new AbortController();
    const ended = pace.next(abort.signal);
    abort.abort();
    await ended;
    expect(clock.timers).toBe(0);
  });
});
