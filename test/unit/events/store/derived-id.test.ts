import fc from "fast-check";
import { v5 } from "uuid";
import { describe, expect, it } from "vitest";
import { derivedId } from "../../../../src/events/store/derived-id.ts";
import { timeOrderedId } from "../../../../src/runtime/time-ordered-id.ts";

describe("a derived id", () => {
  it("is what the uuid package calls version 5", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string({ unit: "grapheme" }), (namespace, name) => {
        expect(derivedId(namespace, name)).toBe(v5(name, namespace));
      }),
    );
  });
});

describe("a time-ordered id", () => {
  it("is a UUID version 7 that never comes twice, over several refills of the pool", () => {
    const ids = Array.from({ length: 2_000 }, timeOrderedId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
