import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { askedWaitMs, honoursRetryAfter } from "../../../../src/processes/sending/attempt-outcome.ts";

const now = Date.UTC(1994, 10, 6, 8, 49, 0);
const day = 24 * 60 * 60 * 1000;

describe("askedWaitMs", () => {
  it.each([
    ["0", 0],
    ["1", 1000],
    ["  120 ", 120_000],
    ["007", 7000],
    ["86400", day],
    ["86401", day],
    ["9".repeat(400), day],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 37_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 37_000],
    ["Sun Nov  6 08:49:37 1994", 37_000],
    ["Sun, 06 Nov 1994 08:49:60 GMT", 60_000],
    ["Sun, 06 Nov 1994 08:48:59 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Fri, 31 Dec 9999 23:59:59 GMT", day],
    ["Monday, 07-Nov-44 08:49:00 GMT", day],
    ["Monday, 07-Nov-45 08:49:00 GMT", 0],
  ])("reads %j", (header, expected) => {
    expect(askedWaitMs(header, now)).toBe(expected);
  });

  it.each([
    ...["", " ", "-1", "+1", "1.5", "1e3", "0x10", "1 second", "1, 2", "soon", "NaN", "Infinity", "１"],
    ...["1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0100", "Nov 6 1994"],
    ...["Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT"],
    ...["Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT"],
  ])("ignores %j", (header) => {
    expect(askedWaitMs(header, now)).toBeNull();
  });

  it("is null without a header", () => {
    expect(askedWaitMs(null, now)).toBeNull();
  });

  it("reads back every second that is written as an HTTP date", () => {
    fc.assert(
      fc.property(fc.nat(day / 1000), fc.integer({ min: 0, max: 4_000_000_000 }), (seconds, start) => {
        const date = new Date((start + seconds) * 1000).toUTCString();
        expect(askedWaitMs(date, start * 1000)).toBe(seconds * 1000);
      }),
    );
  });

  it("never asks for less than nothing or more than a day, whatever the header", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (header, at) => {
        const wait = askedWaitMs(header, at) ?? 0;
        expect(wait >= 0 && wait <= day).toBe(true);
      }),
    );
  });
});

describe("honoursRetryAfter", () => {
  it("does so for 429, 502, 503 and 504 alone", () => {
    expect(Array.from({ length: 1000 }, (_, status) => status).filter(honoursRetryAfter)).toEqual([429, 502, 503, 504]);
  });
});
