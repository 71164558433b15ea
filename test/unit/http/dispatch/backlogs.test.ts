import { describe, expect, it } from "vitest";
import { Backlogs } from "../../../../src/http/dispatch/backlogs.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

/** Figures that a test sets, and what was asked for. */
class Figures {
  readonly asked: number[] = [];
  pending = 0;
  fault: Error | null = null;
  readonly pendingOf = async (userId: number): Promise<number> => {
    this.asked.push(userId);
    await Promise.resolve();
    if (this.fault !== null) throw this.fault;
    return this.pending;
  };
}

describe("a user's backlog", () => {
  it("is full from the limit on, once that was read, and has room again below it", async () => {
    const clock = new FakeClock();
    const figures = new Figures();
    const backlogs = new Backlogs(10, figures.pendingOf, clock);
    figures.pending = 10;
    expect(backlogs.isFull(1)).toBe(false);
    await clock.settle();
    expect(backlogs.isFull(1)).toBe(true);
    expect(backlogs.isFull(2)).toBe(false);
    figures.pending = 9;
    await clock.advance(1_000);
    expect(backlogs.isFull(1)).toBe(true);
    await clock.settle();
    expect(backlogs.isFull(1)).toBe(false);
  });

  it("is read once a second for each user, however often it is asked for and the wall clock is set", async () => {
    const clock = new FakeClock();
    const figures = new Figures();
    const backlogs = new Backlogs(10, figures.pendingOf, clock);
    for (let n = 0; n < 100; n++) backlogs.isFull(n % 2);
    await clock.advance(999);
    for (const stepMs of [-3_600_000, 7_200_000]) {
      clock.jump(stepMs);
      backlogs.isFull(1);
    }
    expect(figures.asked).toEqual([0, 1]);
    await clock.advance(1);
    backlogs.isFull(1);
    expect(figures.asked).toEqual([0, 1, 1]);
  });

  it("is not read again for a user while it is being read, nor for more than four at a time", async () => {
    const clock = new FakeClock();
    const answers: ((pending: number) => void)[] = [];
    const backlogs = new Backlogs(1, () => new Promise((resolve) => answers.push(resolve)), clock);
    for (let user = 0; user < 10; user++) expect(backlogs.isFull(user)).toBe(false);
    expect(answers).toHaveLength(4);
    answers[0]?.(1);
    await clock.settle();
    expect(backlogs.isFull(0)).toBe(true);
    expect(backlogs.isFull(9)).toBe(false);
    expect(answers).toHaveLength(5);
  });

  it("stays what it was when it cannot be read, and is tried again in a second", async () => {
    const clock = new FakeClock();
    const figures = new Figures();
    const backlogs = new Backlogs(10, figures.pendingOf, clock);
    figures.pending = 10;
    backlogs.isFull(1);
    await clock.settle();
    figures.fault = new Error("down");
    for (let second = 0; second < 5; second++) {
      await clock.advance(1_000);
      expect(backlogs.isFull(1)).toBe(true);
    }
    expect(figures.asked).toHaveLength(6);
    expect(backlogs.isFull(2)).toBe(false);
    await clock.settle();
    expect(backlogs.isFull(2)).toBe(false);
  });

  it("is remembered of a bounded number of users", async () => {
    const clock = new FakeClock();
    const figures = new Figures();
    const backlogs = new Backlogs(1, figures.pendingOf, clock, 2);
    figures.pending = 1;
    for (const user of [1, 2, 3]) {
      backlogs.isFull(user);
      await clock.settle();
    }
    expect([backlogs.isFull(2), backlogs.isFull(3), backlogs.isFull(1)]).toEqual([true, true, false]);
  });
});
