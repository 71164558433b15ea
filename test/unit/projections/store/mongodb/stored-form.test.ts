import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../../src/events/store/position.ts";
import { documentOf, storedForm } from "../../../../../src/projections/store/mongodb/stored-form.ts";

describe("a document as MongoDB has it", () => {
  it("keeps foreign content as text, so that it comes back byte for byte", () => {
    const text =
      '{"_id":"a","position":"1","$where":{"a.b":[1e+400,"\\u0000"],"__proto__":{"x":1}},"lone":"\\ud800","n":12345678901234567}';
    const document = { ...(JSON.parse(text) as object), _id: "a", position: positionOf(1) };
    const stored = storedForm(document, []);
    expect(Object.keys(stored)).toEqual(["_id", "position", "body"]);
    expect(JSON.stringify(documentOf(stored))).toBe(JSON.stringify(document));
  });

  it("has null for an indexed field that is missing, and names of its own, so that none hides the body", () => {
    const document = { _id: "a", position: positionOf(1), body: "mine", position_: 7 };
    const stored = storedForm(document, ["_id", "body", "missing"]);
    expect(stored).toEqual({
      _id: "a",
      position: positionOf(1),
      f_body: "mine",
      f_missing: null,
      body: JSON.stringify(document),
    });
  });
});
