import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLUMNS, cutTo, escaped, escapedJson, wrapped } from "../../../src/cli/terminal-text.ts";
import { columnsOf, obeyedByTerminals } from "../../fixtures/terminal.ts";

const ANY_TEXT = fc.string({ unit: "binary", maxLength: 400 });

describe("text for a terminal", () => {
  it.each([
    ["a line end, a tab and a carriage return", "a\nb\tc\rd", "a\\nb\\tc\\rd"],
    ["an escape sequence", "\u001b[2J\u001b]0;title\u0007", "\\u001b[2J\\u001b]0;title\\u0007"],
    ["an escape sequence of one byte", "\u009b31m", "\\u009b31m"],
    ["what turns the direction of writing", "abc\u202etxt.exe\u2066", "abc\\u202etxt.exe\\u2066"],
    ["what is invisible", "a\u200bb\u00adc\ufeffd\u{e0041}", "a\\u200bb\\u00adc\\ufeffd\\u{e0041}"],
    ["a line separator", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
    ["half a character", "a\ud800b", "a\\ud800b"],
    ["a backslash, so that escapes can be told from it", "\\u001b", "\\\\u001b"],
    ["nothing that can be shown", "Grüße, 漢字 🎉 é", "Grüße, 漢字 🎉 é"],
  ])("escapes %s", (_what, text, expected) => expect(escaped(text)).toBe(expected));

  it("never has anything that a terminal obeys, and never a line that is too long, and loses nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), ANY_TEXT, (indent, text) => {
        const first = "x".repeat(indent);
        const lines = wrapped(first, text);
        for (const line of lines) {
          expect(obeyedByTerminals(line)).toEqual([]);
          expect(columnsOf(line)).toBeLessThanOrEqual(COLUMNS);
        }
        expect(lines.map((line) => line.slice(indent)).join("")).toBe(escaped(text));
      }),
    );
  });

  it("is cut to the columns that are left, never within an escape", () => {
    expect(cutTo(7, "order 1")).toBe("order 1");
    expect(cutTo(6, "order 1")).toBe("orde…");
    expect(cutTo(12, "a\u001b\u001b")).toBe("a\\u001b…");
    expect(cutTo(8, "a\u001b\u001b")).toBe("a…");
    expect(cutTo(5, "漢字漢字")).toBe("漢…");
    expect([2, 1, 0, -5].map((columns) => cutTo(columns, "order"))).toEqual(["…", "", "", ""]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 90 }), ANY_TEXT, (columns, text) => {
        const cut = cutTo(columns, text);
        expect(obeyedByTerminals(cut)).toEqual([]);
        expect(columnsOf(cut)).toBeLessThanOrEqual(columns);
        expect(escaped(text).startsWith(cut.replace(/…$/, ""))).toBe(true);
      }),
    );
  });

  it("fills its lines, and breaks none within an escape", () => {
    const lines = wrapped("label  ", "a".repeat(70) + "\u001b".repeat(3));
    expect(lines).toEqual([`label  ${"a".repeat(70)}`, `       ${"\\u001b".repeat(3)}`]);
    expect(wrapped("", "漢".repeat(41)).map((line) => line.length)).toEqual([40, 1]);
    expect(wrapped("label", "")).toEqual(["label"]);
  });
});

describe("JSON for a terminal", () => {
  it("is the same JSON in one line, without anything that a terminal obeys", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const json = escapedJson(JSON.stringify(value));
        expect(obeyedByTerminals(json)).toEqual([]);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
