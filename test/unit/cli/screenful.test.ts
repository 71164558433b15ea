import { describe, expect, it } from "vitest";
import { fitting, rowsOf } from "../../../src/cli/screenful.ts";

describe("a screenful", () => {
  it("counts the rows that a line takes when it wraps, and none for its look", () => {
    expect(
      ["", "a".repeat(40), "a".repeat(41), `\u001b[1m${"a".repeat(40)}\u001b[22m`, "漢".repeat(21)].map((line) =>
        rowsOf(line, 40),
      ),
    ).toEqual([1, 1, 2, 1, 2]);
  });

  it("is as many lines as fit beside the others", () => {
    const lines = Array.from({ length: 30 }, () => "a".repeat(70));
    const others = ["b", "c".repeat(60), "d"];
    expect(fitting(lines, others, { rows: 24, columns: 80 })).toBe(21);
    expect(fitting(lines, others, { rows: 24, columns: 40 })).toBe(10);
    expect(fitting(lines, others, { rows: 4, columns: 40 })).toBe(1);
    expect(fitting(lines.slice(0, 3), others, { rows: 24, columns: 40 })).toBe(3);
  });
});
