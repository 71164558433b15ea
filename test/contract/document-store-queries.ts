import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type { DocumentQuery, DocumentStore, Scalar } from "../../src/projections/store/document-store.ts";
import {
  CHECKPOINT,
  NEWEST_FIRST,
  OLDEST_FIRST,
  THINGS,
  findIds,
  plainFind,
  put,
  thing,
} from "./document-store-things.ts";
import type { OpenedDocumentStore, Thing } from "./document-store-things.ts";

/** What `find` gives. */
export function describeQueries(opened: () => OpenedDocumentStore): void {
  let store: DocumentStore;

  beforeEach(() => {
    store = opened().store;
  });

  describe("find", () => {
    beforeEach(async () => {
      await put(
        store,
        thing("a", 1, { created_at: "2026-01-03", user_id: 1, status: "FAILED" }),
        thing("b", 2, { created_at: "2026-01-01", user_id: 1, status: "PENDING" }),
        thing("c", 3, { created_at: "2026-01-02", user_id: 2, status: "PENDING" }),
        thing("d", 4, { created_at: "2026-01-02", user_id: 1, status: "PENDING" }),
        thing("e", 5, { created_at: null, user_id: 1, status: null }),
        thing("f", 6, { created_at: "2026-01-02", user_id: null, status: "FAILED" }),
      );
    });

    it("orders both ways and breaks ties by the id in the same direction", async () => {
      expect(await findIds(store, { order: OLDEST_FIRST })).toEqual(["b", "c", "d", "f", "a"]);
      expect(await findIds(store, { order: NEWEST_FIRST })).toEqual(["a", "f", "d", "c", "b"]);
    });

    it("gives documents whose fields have exactly these values", async () => {
      expect(await findIds(store, { equals: { user_id: 1 } })).toEqual(["b", "d", "a"]);
      expect(await findIds(store, { equals: { user_id: 1, status: "PENDING" } })).toEqual(["b", "d"]);
      expect(await findIds(store, { equals: { status: "pending" } })).toEqual([]);
    });

    it("tells a number from its text", async () => {
      expect(await findIds(store, { equals: { user_id: "1" } })).toEqual([]);
    });

    it("takes a range from its beginning (inclusive) to its end (exclusive)", async () => {
      const range = (from?: Scalar, to?: Scalar): Partial<DocumentQuery> => ({
        range: { field: "created_at", ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
      });
      expect(await findIds(store, range("2026-01-02", "2026-01-03"))).toEqual(["c", "d", "f"]);
      expect(await findIds(store, range("2026-01-02"))).toEqual(["c", "d", "f", "a"]);
      expect(await findIds(store, range(undefined, "2026-01-02"))).toEqual(["b"]);
      expect(await findIds(store, range("2026-01-02", "2026-01-02"))).toEqual([]);
    });

    it("takes a range over another field than it orders by", async () => {
      expect(await findIds(store, { range: { field: "user_id", from: 2 } })).toEqual(["c"]);
      expect(await findIds(store, { range: { field: "user_id", from: 0, to: 2 }, order: NEWEST_FIRST })).toEqual([
        "a",
        "d",
        "b",
      ]);
    });

    it("never matches a document whose field is null", async () => {
      expect(await findIds(store, { range: { field: "user_id" } })).toEqual(["b", "c", "d", "a"]);
      expect(
        await findIds(store, { equals: { user_id: 1 }, order: { field: "status", direction: "descending" } }),
      ).toEqual(["d", "b", "a"]);
    });

    it("continues after a document, among ties too, and when the document is gone", async () => {
      expect(await findIds(store, { after: { value: "2026-01-02", id: "c" } })).toEqual(["d", "f", "a"]);
      expect(await findIds(store, { after: { value: "2026-01-02", id: "d" }, order: NEWEST_FIRST })).toEqual([
        "c",
        "b",
      ]);
      expect(await findIds(store, { after: { value: "2026-01-02", id: "cc" }, equals: { user_id: 1 } })).toEqual([
        "d",
        "a",
      ]);
      expect(await findIds(store, { after: { value: "2026-01-03", id: "a" } })).toEqual([]);
    });

    it("gives no more than the limit", async () => {
      expect(await findIds(store, { limit: 2 })).toEqual(["b", "c"]);
    });

    it("queries and orders by the id, which every index has", async () => {
      expect(
        await findIds(store, { order: { field: "_id", direction: "descending" }, equals: { user_id: 1 } }),
      ).toEqual(["e", "d", "b", "a"]);
      expect(await findIds(store, { equals: { _id: "c" } })).toEqual(["c"]);
    });

    it.each([0, -1, 1.5, Number.NaN])("refuses the limit %s", async (limit) => {
      await expect(findIds(store, { limit })).rejects.toThrow(RangeError);
    });

    it("refuses a field without an index", async () => {
      await expect(findIds(store, { equals: { extra: 1 } })).rejects.toThrow(RangeError);
      await expect(findIds(store, { range: { field: "extra", from: 1 } })).rejects.toThrow(RangeError);
      await expect(findIds(store, { order: { field: "extra", direction: "ascending" } })).rejects.toThrow(RangeError);
    });
  });

  it("finds what a plain filter and sort of an array finds, whatever the documents and the query", async () => {
    const text = fc.constantFrom("", "A", "a", "b\u0000", "b", "é", "\uffee", "😀", "$x", "a.b");
    const number = fc.constantFrom(-1, 0, 0.5, 2, 10, 2 ** 53 - 1);
    const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 5, nil: null });
    const document = fc.record({
      _id: fc.oneof(text, fc.string({ unit: "grapheme", maxLength: 3 })),
      position: fc.constant(positionOf(1)),
      user_id: orNull(number),
      status: orNull(text),
      created_at: orNull(text),
    });
    const documents = fc.uniqueArray(document, { selector: ({ _id }) => _id, maxLength: 30 });
    const field = fc.constantFrom("user_id" as const, "status" as const, "created_at" as const);
    const valueOf = (name: string): fc.Arbitrary<Scalar> => (name === "user_id" ? number : text);
    const range = field.chain((name) =>
      fc.record(
        { field: fc.constant(name), from: valueOf(name), to: valueOf(name) },
        { requiredKeys: ["field"] as const },
      ),
    );
    const query: fc.Arbitrary<DocumentQuery> = field.chain((name) =>
      fc.record(
        {
          equals: fc.record({ user_id: number, status: text, created_at: text }, { requiredKeys: [] }),
          range,
          order: fc.record({
            field: fc.constant(name),
            direction: fc.constantFrom("ascending" as const, "descending" as const),
          }),
          after: fc.record({ value: valueOf(name), id: text }),
          limit: fc.integer({ min: 1, max: 12 }),
        },
        { requiredKeys: ["order", "limit"] as const },
      ),
    );

    await fc.assert(
      fc.asyncProperty(documents, fc.array(query, { minLength: 1, maxLength: 8 }), async (all, queries) => {
        await store.drop(THINGS, CHECKPOINT);
        await store.prepare(THINGS);
        await put(store, ...all);
        for (const each of queries) expect(await store.find(THINGS, each)).toEqual(plainFind(all, each));
      }),
      { numRuns: 100 },
    );
  });

  it("gives every match once when it is paged through, whatever the size of the pages", async () => {
    const all = Array.from({ length: 40 }, (_, at) => thing(`id-${at}`, at, { created_at: `day-${at % 7}` }));
    await put(store, ...all);
    for (const order of [OLDEST_FIRST, NEWEST_FIRST]) {
      for (const limit of [1, 3, 40]) {
        const seen: Thing[] = [];
        for (;;) {
          const last = seen.at(-1);
          const after = last && { after: { value: last.created_at!, id: last._id } };
          const page = await store.find<Thing>(THINGS, { order, limit, ...after });
          if (page.length === 0) break;
          seen.push(...page);
        }
        expect(seen).toEqual(plainFind(all, { order, limit: 100 }));
      }
    }
  });

  it("counts the documents in a range of an index of its own, and none of those whose field is null", async () => {
    const all = Array.from({ length: 40 }, (_, at) => thing(`id-${at}`, at, { created_at: `day-${at % 7}` }));
    await put(store, ...all, thing("none", 41, { created_at: null }));
    const count = (from?: string, to?: string): Promise<number> =>
      store.count(THINGS, {
        field: "created_at",
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      });
    expect(await count()).toBe(40);
    expect(await count("day-3")).toBe(22);
    expect(await count(undefined, "day-3")).toBe(18);
    expect(await count("day-3", "day-4")).toBe(6);
    expect(await count("day-7")).toBe(0);
    await expect(store.count(THINGS, { field: "status" })).rejects.toThrow(RangeError);
    expect(await store.count({ ...THINGS, name: "nothing_v1" }, { field: "created_at" })).toBe(0);
  });
}
