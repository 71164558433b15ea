import fc from "fast-check";
import { v5 } from "uuid";
import { describe, expect, it } from "vitest";
import { derivedId } from "../../../../src/events/store/derived-id.ts";

describe("a derived id", () => {
  it("is what the uuid package calls version 5", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string({ unit: "grapheme" }), (namespace, name) => {
        expect(derivedId(namespace, name)).toBe(v5(name, namespace));
      }),
    );
  });
});
