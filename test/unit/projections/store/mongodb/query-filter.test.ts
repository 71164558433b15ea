import { describe, expect, it } from "vitest";
import type { DocumentQuery } from "../../../../../src/projections/store/document-store.ts";
import { filterOf, sortOf } from "../../../../../src/projections/store/mongodb/query-filter.ts";

const OLDEST: DocumentQuery = { order: { field: "created_at", direction: "ascending" }, limit: 5 };

describe("a query in MongoDB's words", () => {
  it("asks for values as they are, under the names of what is indexed, and never for null", () => {
    expect(filterOf({ ...OLDEST, equals: { user_id: 1, _id: "a" } })).toEqual({
      $and: [{ f_user_id: 1 }, { _id: "a" }, { f_created_at: { $ne: null } }],
    });
  });

  it("takes a range from its beginning to before its end, of values that are not null", () => {
    expect(filterOf({ ...OLDEST, range: { field: "due_at", from: "a", to: "b" } })).toEqual({
      $and: [
        { f_due_at: { $ne: null } },
        { f_due_at: { $gte: "a" } },
        { f_due_at: { $lt: "b" } },
        { f_created_at: { $ne: null } },
      ],
    });
  });

  it.each(["ascending", "descending"] as const)("gives a further page a place to begin at, %s", (direction) => {
    const further = direction === "ascending" ? "$gt" : "$lt";
    const query = { order: { field: "created_at", direction }, after: { value: "v", id: "x" }, limit: 5 };
    expect(filterOf(query)).toEqual({
      $and: [
        { f_created_at: { $ne: null } },
        { f_created_at: { [`${further}e`]: "v" } },
        { $or: [{ f_created_at: { [further]: "v" } }, { f_created_at: "v", _id: { [further]: "x" } }] },
      ],
    });
  });

  it("breaks ties by the id in the same direction", () => {
    expect(Object.entries(sortOf(OLDEST))).toEqual([
      ["f_created_at", 1],
      ["_id", 1],
    ]);
    expect(Object.entries(sortOf({ order: { field: "due_at", direction: "descending" }, limit: 1 }))).toEqual([
      ["f_due_at", -1],
      ["_id", -1],
    ]);
    expect(sortOf({ order: { field: "_id", direction: "descending" }, limit: 1 })).toEqual({ _id: -1 });
  });
});
