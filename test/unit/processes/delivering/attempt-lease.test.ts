import { describe, expect, it } from "vitest";
import { latestSending, leaseOf } from "../../../../src/processes/delivering/attempt-lease.ts";

/** The longest that the log takes for an append before it gives up, in ms. */
const APPEND_MS = 4_000;

describe("the lease of a claim", () => {
  it.each([
    [1_000, 11_000],
    [2_000, 12_000],
    [12_000, 24_000],
    [15_000, 30_000],
    [60_000, 75_000],
  ])("is, for attempts of %i ms, %i ms", (timeoutMs, leaseMs) => {
    expect(leaseOf(timeoutMs)).toBe(leaseMs);
  });

  it.each([1, 1_000, 10_000, 15_000, 600_000])(
    "outlasts, for attempts of %i ms, a claim and a result that each take the log's longest",
    (timeoutMs) => {
      expect(latestSending(timeoutMs)).toBeGreaterThan(APPEND_MS);
      expect(latestSending(timeoutMs) + timeoutMs + APPEND_MS).toBeLessThan(leaseOf(timeoutMs));
    },
  );
});
