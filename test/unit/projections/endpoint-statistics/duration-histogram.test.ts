import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { percentile, withDuration } from "../../../../src/projections/endpoint-statistics/duration-histogram.ts";
import type { DurationHistogram } from "../../../../src/projections/endpoint-statistics/duration-histogram.ts";

function histogramOf(durations: readonly number[]): DurationHistogram {
  return durations.reduce<DurationHistogram>(withDuration, []);
}

/** By the definition of the nearest rank. */
function exactPercentile(durations: readonly number[], percent: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.ceil((durations.length * percent) / 100) - 1] ?? NaN;
}

const durations = fc.array(
  fc.oneof(fc.nat(40), fc.nat(60_000), fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.constant(Number.MAX_SAFE_INTEGER)),
  { minLength: 1, maxLength: 60 },
);

describe("a histogram of durations", () => {
  it("gives percentiles that are never below the exact ones and less than 10 % above them", () => {
    fc.assert(
      fc.property(durations, fc.integer({ min: 1, max: 100 }), (all, percent) => {
        const exact = exactPercentile(all, percent);
        const told = percentile(histogramOf(all), percent) ?? NaN;
        expect(told).toBeGreaterThanOrEqual(exact);
        // As whole numbers, since a tenth of the largest is more than a fraction can hold exactly.
        expect(BigInt(told - exact) * 10n).toBeLessThanOrEqual(BigInt(exact));
      }),
    );
  });

  it("is exact up to 20 ms", () => {
    for (let ms = 0; ms <= 20; ms++) expect(percentile(histogramOf([ms]), 50)).toBe(ms);
    expect(percentile(histogramOf([21]), 50)).toBe(22);
  });

  it("is the same in whatever order the durations came", () => {
    const shuffled = durations.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(histogramOf(one)).toEqual(histogramOf(other));
      }),
    );
  });

  it("keeps its buckets in ascending order, each once and counted", () => {
    expect(histogramOf([105, 3, 110, 3, 0])).toEqual([
      [0, 1],
      [3, 2],
      [113, 2],
    ]);
  });

  it("stays small, however many durations there are", () => {
    const all = Array.from({ length: 60_000 }, (_none, ms) => ms);
    expect(histogramOf(all).length).toBeLessThan(110);
    expect(percentile(histogramOf(all), 100)).toBeGreaterThanOrEqual(59_999);
  });

  it("has no percentile of nothing", () => {
    expect(percentile([], 50)).toBeNull();
  });
});
