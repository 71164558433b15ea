import { beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type { CollectionDefinition, DocumentQuery, DocumentStore } from "../../src/projections/store/document-store.ts";
import { ids, insert, thing } from "./document-store-things.ts";
import type { OpenedDocumentStore, Thing } from "./document-store-things.ts";

const PARTIAL: CollectionDefinition = {
  name: "partly_v1",
  indexes: [
    ["created_at"],
    { fields: ["status"], present: "status" },
    { fields: ["user_id", "status"], present: "status" },
  ],
};
const BY_STATUS = { field: "status", direction: "ascending" } as const;

/** An index that leaves documents out changes what a query costs, and never what it finds. */
export function describePartialIndexes(opened: () => OpenedDocumentStore): void {
  let store: DocumentStore;

  beforeEach(async () => {
    store = opened().store;
    await store.prepare(PARTIAL);
    const things = [
      thing("a", 1, { status: "b", user_id: 1 }),
      thing("b", 2, { status: null, user_id: 1 }),
      thing("c", 3, { status: "a", user_id: 2 }),
      thing("d", 4, { status: "c", user_id: 1 }),
      thing("e", 5, { status: null, user_id: null }),
    ];
    expect(await store.write(PARTIAL, things.map(insert), null)).toEqual([]);
  });

  const found = async (query: Partial<DocumentQuery>): Promise<string[]> =>
    ids(await store.find<Thing>(PARTIAL, { order: BY_STATUS, limit: 100, ...query }));

  describe("an index of only the documents with a field", () => {
    it("has these in order, both ways and from any place on", async () => {
      expect(await found({})).toEqual(["c", "a", "d"]);
      expect(await found({ order: { field: "status", direction: "descending" } })).toEqual(["d", "a", "c"]);
      expect(await found({ after: { value: "a", id: "c" } })).toEqual(["a", "d"]);
      expect(await found({ range: { field: "status", from: "b" } })).toEqual(["a", "d"]);
      expect(await found({ equals: { user_id: 1 } })).toEqual(["a", "d"]);
      expect(await store.count(PARTIAL, { field: "status" })).toBe(3);
      expect(await store.count(PARTIAL, { field: "status", to: "c" })).toBe(2);
    });

    it("takes documents in and leaves them out as their field comes and goes", async () => {
      const written = await store.write(
        PARTIAL,
        [
          { id: "a", expected: positionOf(1), next: thing("a", 6, { status: null, user_id: 1 }) },
          { id: "b", expected: positionOf(2), next: thing("b", 7, { status: "z", user_id: 1 }) },
          { id: "c", expected: positionOf(3), next: null },
        ],
        null,
      );
      expect(written).toEqual([]);
      expect(await found({})).toEqual(["d", "b"]);
      expect(await found({ equals: { user_id: 1 } })).toEqual(["d", "b"]);
      expect(await store.count(PARTIAL, { field: "status" })).toBe(2);
    });

    it("leaves queries by other fields with every document", async () => {
      const order = { field: "created_at", direction: "ascending" } as const;
      expect(await found({ order })).toEqual(["a", "b", "c", "d", "e"]);
      expect(await found({ order, equals: { user_id: 1 } })).toEqual(["a", "b", "d"]);
    });

    it("must have the field that it depends on", async () => {
      const indexes = [{ fields: ["user_id"], present: "status" }];
      await expect(store.prepare({ name: "wrong_v1", indexes })).rejects.toThrow(RangeError);
    });
  });
}
