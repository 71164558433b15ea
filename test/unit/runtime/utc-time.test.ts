import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTime, millisecondsOf, utcOf } from "../../../src/runtime/utc-time.ts";

describe("a time that a person or a client writes", () => {
  it.each([
    ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"],
    ["2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00.500Z"],
    ["2026-01-31T12:00:00.0001Z", "2026-01-31T12:00:00.001Z"],
    ["9999-12-31T23:59:59.9991Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is %s", (text, utc) => {
    expect(isTime(text)).toBe(true);
    expect(utcOf(text)).toBe(utc);
  });

  it("is rounded as it means, whatever the digits of its fraction", () => {
    const whole = Date.parse("2026-01-31T12:00:00Z");
    fc.assert(
      fc.property(fc.stringMatching(/^\d{1,20}$/), (digits) => {
        const time = `2026-01-31T12:00:00.${digits}Z`;
        const unit = 10n ** 17n;
        const fraction = BigInt(digits.padEnd(20, "0"));
        const down = Number(fraction / unit);
        expect(millisecondsOf(time)).toBe(whole + down);
        expect(Date.parse(utcOf(time))).toBe(whole + down + (fraction % unit === 0n ? 0 : 1));
      }),
      { examples: [["0790000001"], ["0999999999"], ["0000000000001"]] },
    );
  });

  it.each(["", "yesterday", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T12:00:00", "9999-12-31T23:59:59-01:00"])(
    "%j is none",
    (text) => expect(isTime(text)).toBe(false),
  );
});
