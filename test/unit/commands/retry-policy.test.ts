import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextAttemptAt, retryPolicy } from "../../../src/commands/retry-policy.ts";

const unitMs = fc.integer({ min: 1, max: 86_400_000 });
const endedAt = fc.integer({ min: 0, max: 4_000_000_000_000 });
const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
const wish = fc.option(fc.integer({ min: 0, max: 86_400_000 }));

describe("the retry policy", () => {
  it("waits 1, 2, 4 and 8 units from the end of the attempt when the receiver asks for nothing", () => {
    fc.assert(
      fc.property(unitMs, endedAt, (unit, end) => {
        const dues = [1, 2, 3, 4].map((attempt) => nextAttemptAt(retryPolicy(unit), attempt, iso(end), null));
        expect(dues).toEqual([1, 2, 4, 8].map((units) => iso(end + units * unit)));
      }),
    );
  });

  it("grants exactly five attempts, whatever the receiver asks", () => {
    fc.assert(
      fc.property(unitMs, endedAt, wish, (unit, end, askedWaitMs) => {
        let attempts = 1;
        while (nextAttemptAt(retryPolicy(unit), attempts, iso(end), askedWaitMs) !== null) attempts++;
        expect(attempts).toBe(5);
      }),
    );
  });

  it("is never earlier than the schedule nor than the receiver's wish, and never later than the later of them", () => {
    fc.assert(
      fc.property(unitMs, endedAt, wish, fc.integer({ min: 1, max: 4 }), (unit, end, askedWaitMs, attempt) => {
        const due = nextAttemptAt(retryPolicy(unit), attempt, iso(end), askedWaitMs);
        expect(due).toBe(iso(end + Math.max(unit * 2 ** (attempt - 1), askedWaitMs ?? 0)));
      }),
    );
  });

  it("is the next whole millisecond, not early, when the unit is a fraction", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 5_000, noNaN: true }), endedAt, (unit, end) => {
        const due = Date.parse(nextAttemptAt(retryPolicy(unit), 1, iso(end), null) ?? "");
        expect(due).toBeGreaterThanOrEqual(end + unit);
        expect(due).toBeLessThan(end + unit + 1);
      }),
    );
  });
});
