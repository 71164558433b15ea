import { expect, it } from "vitest";
import { timeText } from "../../../src/runtime/time-text.ts";

it("writes each time as ISO 8601 UTC, also after another and again", () => {
  const times = [0, 0, 1_764_410_400_123, 1_764_410_400_124, 0];
  expect(times.map(timeText)).toEqual([
    "1970-01-01T00:00:00.000Z",
    "1970-01-01T00:00:00.000Z",
    "2025-11-29T10:00:00.123Z",
    "2025-11-29T10:00:00.124Z",
    "1970-01-01T00:00:00.000Z",
  ]);
});

it("throws for what is no time, and goes on", () => {
  expect(() => timeText(Number.NaN)).toThrow(RangeError);
  expect(() => timeText(8.64e15 + 1)).toThrow(RangeError);
  expect(timeText(1)).toBe("1970-01-01T00:00:00.001Z");
});
