import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../../src/events/store/position.ts";
import { guardedOperations, inParts } from "../../../../../src/projections/store/mongodb/guarded-operations.ts";

const next = { _id: "a", position: positionOf(2), status: "PENDING", note: "not indexed" };
const stored = { _id: "a", position: positionOf(2), f_status: "PENDING", body: JSON.stringify(next) };

describe("the operation of a guarded write", () => {
  it.each([
    ["stores a first document by inserting it", null, next, { insertOne: { document: stored } }],
    [
      "replaces a document at the position it was read at",
      positionOf(1),
      next,
      { replaceOne: { filter: { _id: "a", position: positionOf(1) }, replacement: stored } },
    ],
    [
      "removes a document at the position it was read at",
      positionOf(1),
      null,
      { deleteOne: { filter: { _id: "a", position: positionOf(1) } } },
    ],
    ["is null where there is nothing to remove", null, null, null],
  ])("%s", (_, expected, document, operation) => {
    const write = { id: "a", expected, next: document };
    expect(guardedOperations([write], ["status"])).toEqual([{ write, operation }]);
  });

  it("is refused for an indexed value that has no order, before any is made use of", () => {
    const writes = [
      { id: "a", expected: null, next },
      { id: "b", expected: null, next: { _id: "b", position: positionOf(2), status: ["PENDING"] } },
    ];
    expect(() => guardedOperations(writes, ["status"])).toThrow(TypeError);
  });
});

describe("parts", () => {
  it.each([
    [[], 3, []],
    [[1], 3, [[1]]],
    [[1, 2, 3], 3, [[1, 2, 3]]],
    [[1, 2, 3, 4], 3, [[1, 2, 3], [4]]],
  ])("of %j, at most %i each", (elements, most, parts) => {
    expect(inParts(elements, most)).toEqual(parts);
  });
});
