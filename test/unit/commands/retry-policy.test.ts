import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextAttemptAt, retryPolicy } from "../../../src/commands/retry-policy.ts";

const unitMs = fc.integer({ min: 1, max: 86_400_000 });
const endedAt = fc.integer({ min: 0, max: 4_000_000_000_000 });
const wish = fc.option(fc.integer({ min: 0, max: 86_400_000 }));

describe("the retry policy", () => {
  it("waits 1, 2, 4 and 8 units from the end of the attempt when the receiver asks for nothing", () => {
    fc.assert(
      fc.property(unitMs, endedAt, (unit, end) => {
        const dues = [1, 2, 3, 4].map((attempt) => nextAttemptAt(retryPolicy(unit), attempt, end, null));
        expect(dues).toEqual([end + unit, end + 2 * unit, end + 4 * unit, end + 8 * unit]);
      }),
    );
  });

  it("grants exactly five attempts, whatever the receiver asks", () => {
    fc.assert(
      fc.property(unitMs, endedAt, wish, (unit, end, askedWaitMs) => {
        let attempts = 1;
        while (nextAttemptAt(retryPolicy(unit), attempts, end, askedWaitMs) !== null) attempts++;
        expect(attempts).toBe(5);
      }),
    );
  });

  it("is never earlier than the schedule nor than the receiver's wish, and never later than the later of them", () => {
    fc.assert(
      fc.property(unitMs, endedAt, wish, fc.integer({ min: 1, max: 4 }), (unit, end, askedWaitMs, attempt) => {
        const due = nextAttemptAt(retryPolicy(unit), attempt, end, askedWaitMs);
        expect(due).toBe(end + Math.max(unit * 2 ** (attempt - 1), askedWaitMs ?? 0));
      }),
    );
  });

  it("is a whole millisecond that is not early when the unit is a fraction", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 5_000, noNaN: true }), endedAt, (unit, end) => {
        const due = nextAttemptAt(retryPolicy(unit), 1, end, null) ?? 0;
        expect(Number.isInteger(due)).toBe(true);
        expect(due).toBeGreaterThanOrEqual(end + unit);
      }),
    );
  });
});
