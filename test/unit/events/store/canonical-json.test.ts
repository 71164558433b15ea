import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../../src/events/store/canonical-json.ts";

const raw = String.raw;
/** Texts without lone surrogates, of every kind of character. */
const text = fc.string({ unit: "binary" });
const json = fc.jsonValue({ stringUnit: "binary" });

describe("canonical JSON (RFC 8785)", () => {
  it("is as in the RFC's example of section 3.2.2", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("orders keys by UTF-16 code units, as in the RFC's example of section 3.2.3", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const inOrder = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name);
    expect(inOrder).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it.each<[number, string]>([
    // RFC 8785, appendix B.
    [0, "0"],
    [-0, "0"],
    [5e-324, "5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"],
    [295147905179352830000, "295147905179352830000"],
    [9.999999999999997e22, "9.999999999999997e+22"],
    [1e23, "1e+23"],
    [1e21, "1e+21"],
    [0.000001, "0.000001"],
    [333333333.33333325, "333333333.33333325"],
  ])("writes %d as ECMAScript does", (number, expected) => {
    expect(canonicalJson(number)).toBe(expected);
  });

  it.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["an infinity", [Number.NEGATIVE_INFINITY]],
    ["a lone high surrogate", "\ud83d"],
    ["a lone low surrogate in a key", { "\udfff": 1 }],
    ["undefined", { a: undefined }],
    ["a hole", new Array(1)],
    ["a BigInt", 1n],
    ["a function", () => 1],
    ["a date", new Date(0)],
    ["a map", new Map()],
  ])("refuses %s", (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(RangeError);
  });

  it("gives back the same value, and is the only text of it", () => {
    fc.assert(
      fc.property(json, (value) => {
        const canonical = canonicalJson(value);
        expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
        expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("does not depend on the order in which an object got its keys", () => {
    fc.assert(
      fc.property(fc.uniqueArray(text), (keys) => {
        const entries = keys.map((key, index) => [key, index] as const);
        const backwards = Object.fromEntries(entries.toReversed());
        expect(canonicalJson(backwards)).toBe(canonicalJson(Object.fromEntries(entries)));
      }),
    );
  });

  it("compares keys by code unit at every place, whichever characters they have", () => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { minLength: 2 }), (keys) => {
        const canonical = canonicalJson(Object.fromEntries(keys.map((key) => [`k${key}`, 0])));
        const inOrder = [...canonical.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([quoted]) => JSON.parse(quoted) as string);
        for (const [index, key] of inOrder.entries()) if (index > 0) expect(inOrder[index - 1]! < key).toBe(true);
        expect(inOrder).toHaveLength(keys.length);
      }),
    );
  });

  it("is the same however often objects with such keys were written before", () => {
    // Few keys, so that objects often have the same ones in the same or another order; more orders than are remembered.
    const keys = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "10", "9", "é", "\u{1f600}", "\ufb33"));
    const object = keys.chain((own) => fc.record(Object.fromEntries(own.map((key) => [key, fc.jsonValue()]))));
    fc.assert(
      fc.property(fc.array(object, { maxLength: 20 }), (objects) => {
        for (const one of objects) expect(canonicalJson(one)).toBe(plainCanonicalJson(one));
      }),
      { numRuns: 500 },
    );
    for (let n = 0; n < 2_000; n += 1) {
      const one = { [`z${n}`]: 1, b: n, [`a${n}`]: { y: 1, x: 2, [`${n}`]: null } };
      expect(canonicalJson(one)).toBe(plainCanonicalJson(one));
    }
    const [wide, long] = [Array.from({ length: 2_000 }, (_, n) => `k${2_000 - n}`), ["x".repeat(5_000), "a"]];
    for (const own of [wide, long, wide, long]) {
      const one = Object.fromEntries(own.map((key) => [key, 1]));
      expect(canonicalJson(one)).toBe(plainCanonicalJson(one));
    }
  });
});

/** The RFC in its plainest form. */
function plainCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainCanonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${plainCanonicalJson((value as Record<string, unknown>)[key])}`).join(",")}}`;
}
