import { describe, expect, it } from "vitest";
import { Pace } from "../../../src/projections/pace.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

/** Asks for the next turn, and tells whether it came without time passing. */
async function comesAtOnce(pace: Pace, clock: FakeClock): Promise<boolean> {
  let came = false;
  void pace.next(new AbortController().signal).then(() => (came = true));
  await clock.settle();
  return came;
}

describe("the pace of a follower", () => {
  it("lets the first turn come at once, and the next 25 ms later", async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock);
    expect(await comesAtOnce(pace, clock)).toBe(true);
    let came = false;
    void pace.next(new AbortController().signal).then(() => (came = true));
    await clock.advance(24);
    expect(came).toBe(false);
    await clock.advance(1);
    expect(came).toBe(true);
  });

  it("lets a turn come at once after a quiet time", async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock);
    await comesAtOnce(pace, clock);
    await clock.advance(25);
    expect(await comesAtOnce(pace, clock)).toBe(true);
  });

  it("never waits for longer than that, though the clock was set back by an hour", async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock);
    await comesAtOnce(pace, clock);
    clock.jump(-3_600_000);
    let came = false;
    void pace.next(new AbortController().signal).then(() => (came = true));
    await clock.advance(25);
    expect(came).toBe(true);
  });

  it("ends its wait when it is told to", async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock);
    await comesAtOnce(pace, clock);
    const abort = new AbortController();
    const ended = pace.next(abort.signal);
    abort.abort();
    await ended;
    expect(clock.timers).toBe(0);
  });
});
