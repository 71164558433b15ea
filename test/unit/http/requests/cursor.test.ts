import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "../../../../src/http/requests/cursor.ts";

const KEY = Buffer.alloc(32, 1);
const SCOPE = '["user-1"]';

const place = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.record({ createdAt: fc.string({ unit: "binary" }), id: fc.string() }, { noNullPrototype: true }),
);

describe("a cursor", () => {
  it("names the place that it was made of", () => {
    fc.assert(
      fc.property(place, (it) => {
        expect(decodeCursor(encodeCursor(it, SCOPE, KEY), SCOPE, KEY)).toEqual(it);
      }),
    );
  });

  it("is worthless with another scope or key", () => {
    const cursor = encodeCursor(7, SCOPE, KEY);
    expect(decodeCursor(cursor, '["user-2"]', KEY)).toBeNull();
    expect(decodeCursor(cursor, SCOPE, Buffer.alloc(32, 2))).toBeNull();
  });

  it("is worthless when one character is another, missing or too many", () => {
    const cursor = encodeCursor("2026-01-31", SCOPE, KEY);
    for (let i = 0; i < cursor.length; i++) {
      for (const character of ["A", "B", "-", "+", ""]) {
        const changed = cursor.slice(0, i) + character + cursor.slice(i + 1);
        if (changed !== cursor) expect(decodeCursor(changed, SCOPE, KEY), changed).toBeNull();
      }
    }
    for (const more of ["A", "=", " "]) expect(decodeCursor(cursor + more, SCOPE, KEY)).toBeNull();
    expect(decodeCursor("", SCOPE, KEY)).toBeNull();
  });
});
