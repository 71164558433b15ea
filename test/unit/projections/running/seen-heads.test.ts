import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../src/events/store/position.ts";
import { SeenHeads } from "../../../../src/projections/running/seen-heads.ts";

describe("heads of the log that were seen", () => {
  it("give no lag for an unknown log", () => {
    expect(new SeenHeads().lagMs(null, 1_000)).toBe(0);
  });

  it("give how long the log has had an unseen event", () => {
    const heads = new SeenHeads();
    heads.note(positionOf(10), 1_000);
    heads.note(positionOf(20), 5_000);
    heads.note(positionOf(30), 9_000);
    expect(heads.lagMs(null, 10_000)).toBe(9_000);
    expect(heads.lagMs(positionOf(9), 10_000)).toBe(9_000);
    expect(heads.lagMs(positionOf(10), 10_000)).toBe(5_000);
    expect(heads.lagMs(positionOf(25), 10_000)).toBe(1_000);
    expect(heads.lagMs(positionOf(30), 10_000)).toBe(0);
    expect(heads.lagMs(positionOf(31), 10_000)).toBe(0);
  });

  it("know the last head too, however soon it came after another", () => {
    const heads = new SeenHeads();
    heads.note(positionOf(1), 1_000);
    heads.note(positionOf(2), 1_001);
    expect(heads.lagMs(positionOf(1), 61_001)).toBe(60_000);
    expect(heads.lagMs(positionOf(2), 61_001)).toBe(0);
  });

  it("learn nothing from an earlier head", () => {
    const heads = new SeenHeads();
    heads.note(positionOf(5), 1_000);
    heads.note(positionOf(4), 9_000);
    heads.note(positionOf(5), 9_000);
    expect(heads.lagMs(positionOf(4), 10_000)).toBe(9_000);
  });

  it("keep the oldest, in bounded memory, and get no less exact than a part of the age", () => {
    const heads = new SeenHeads();
    const SECONDS = 100_000;
    for (let second = 0; second <= SECONDS; second++) heads.note(positionOf(second), second * 1_000);
    for (const seen of [0, 1, 40_000, 90_000, 99_000, 99_900, SECONDS - 1]) {
      const exact = (SECONDS - seen - 1) * 1_000;
      const told = heads.lagMs(positionOf(seen), SECONDS * 1_000);
      expect(told).toBeLessThanOrEqual(exact);
      expect(told).toBeGreaterThanOrEqual(exact * 0.85 - 1_000);
    }
    expect(heads.lagMs(null, SECONDS * 1_000)).toBe(SECONDS * 1_000);
  });
});
