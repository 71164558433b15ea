import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRevision, numberOf, positionOf, revisionOf } from "../../../../src/events/store/position.ts";

describe("positions and revisions", () => {
  it("sort as text the way their numbers do", () => {
    const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(positionOf(a) < positionOf(b)).toBe(a < b);
        expect(revisionOf(a)).toHaveLength(20);
      }),
    );
  });

  it("give their number back, and the one that follows", () => {
    fc.assert(
      fc.property(fc.nat(), (number) => {
        expect(numberOf(revisionOf(number))).toBe(number);
        expect(nextRevision(revisionOf(number))).toBe(revisionOf(number + 1));
      }),
    );
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1n])("refuse %s, which is not a place", (value) => {
    expect(() => positionOf(value)).toThrow(RangeError);
    expect(() => revisionOf(value)).toThrow(RangeError);
  });
});
