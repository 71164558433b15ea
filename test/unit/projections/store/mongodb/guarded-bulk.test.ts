import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../../src/events/store/position.ts";
import type { Position } from "../../../../../src/events/store/position.ts";
import { notRemoved, notReplaced } from "../../../../../src/projections/store/mongodb/guarded-bulk.ts";

function storedAt(positions: Record<string, number>): Map<string, Position> {
  return new Map(Object.entries(positions).map(([id, at]) => [id, positionOf(at)]));
}

describe("when fewer documents were replaced than should have been", () => {
  const writes = ["a", "b", "c"].map((id) => ({
    id,
    expected: positionOf(1),
    next: { _id: id, position: positionOf(2) },
  }));

  it("the guards of those did not hold that stand elsewhere or are gone", () => {
    expect(notReplaced(writes, storedAt({ a: 2, b: 5 }))).toEqual(["b", "c"]);
  });

  it("one that is at its position is not a conflict, whichever runner wrote it", () => {
    expect(notReplaced(writes, storedAt({ a: 2, b: 2, c: 2 }))).toEqual([]);
  });
});

describe("when fewer documents were removed than should have been", () => {
  const writes = ["a", "b", "c"].map((id) => ({ id, expected: positionOf(1), next: null }));

  it("the guards of those did not hold that are still there, if the others are as many as were removed", () => {
    expect(notRemoved(writes, storedAt({ b: 5 }), 2)).toEqual(["b"]);
  });

  it("all are named when some were gone before, because it is unknown which", () => {
    expect(notRemoved(writes, storedAt({ b: 5 }), 1)).toEqual(["a", "b", "c"]);
    expect(notRemoved(writes, storedAt({}), 2)).toEqual(["a", "b", "c"]);
  });
});
