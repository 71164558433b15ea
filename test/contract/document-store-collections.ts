import { beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type { DocumentQuery, DocumentStore } from "../../src/projections/store/document-store.ts";
import {
  CHECKPOINT,
  checkpointAt,
  OLDEST_FIRST,
  THINGS,
  byBytes,
  collect,
  findIds,
  ids,
  insert,
  put,
  thing,
} from "./document-store-things.ts";
import type { OpenedDocumentStore } from "./document-store-things.ts";

/** How collections are made, read as a whole, removed, and seen through a second handle. */
export function describeCollections(opened: () => OpenedDocumentStore): void {
  let store: DocumentStore;

  beforeEach(() => {
    store = opened().store;
  });

  describe("prepare", () => {
    it("keeps the documents when it is repeated", async () => {
      await put(store, thing("a", 1));
      await store.prepare(THINGS);
      await store.prepare({ ...THINGS });
      expect(ids(await store.load(THINGS, ["a"]))).toEqual(["a"]);
    });

    it("makes documents that were there before findable by a new index", async () => {
      await put(store, thing("a", 1, { extra: "x" }), thing("b", 2, { extra: "y" }), thing("c", 3));
      const wider = { ...THINGS, indexes: [["extra"], ["user_id", "created_at"]] };
      await store.prepare(wider);
      const found = await store.find(wider, {
        equals: { extra: "y" },
        order: { field: "extra", direction: "ascending" },
        limit: 5,
      });
      expect(ids(found)).toEqual(["b"]);
      expect(await store.write(wider, [{ id: "a", expected: positionOf(1), next: null }], null)).toEqual([]);
    });

    it("makes an index that leaves out documents without a value, which its queries then find none of", async () => {
      const partial = { name: "partial_v1", indexes: [{ fields: ["user_id", "extra"], present: "extra" }] };
      await store.prepare(partial);
      const things = [thing("a", 1, { extra: "x" }), thing("b", 2), thing("c", 3, { extra: "y" }), thing("d", 4)];
      expect(await store.write(partial, things.map(insert), null)).toEqual([]);
      const byExtra = { order: { field: "extra", direction: "ascending" }, limit: 5 } as const;
      const found = async (query: Omit<DocumentQuery, "order" | "limit">) =>
        ids(await store.find(partial, { ...query, ...byExtra }));
      expect(await found({ equals: { user_id: 1 } })).toEqual(["a", "c"]);
      expect(await found({ equals: { user_id: 1, extra: "y" } })).toEqual(["c"]);
      expect(await found({ equals: { user_id: 1 }, range: { field: "extra" } })).toEqual(["a", "c"]);
      expect(await found({ equals: { user_id: 1 }, range: { field: "extra", to: "y" } })).toEqual(["a"]);
      // What gets a value, loses it or has another is found as such.
      const change = async (at: number, id: string, extra: string | null) => {
        const write = { id, expected: positionOf(at), next: thing(id, at + 10, { extra }) };
        expect(await store.write(partial, [write], null)).toEqual([]);
      };
      await change(1, "a", null);
      await change(2, "b", "z");
      await change(3, "c", "zz");
      expect(await found({ equals: { user_id: 1 } })).toEqual(["b", "c"]);
      const byId = { order: { field: "_id", direction: "ascending" }, limit: 5 } as const;
      expect(ids(await store.find(partial, { equals: { user_id: 1 }, ...byId }))).toEqual(["a", "b", "c", "d"]);
    });

    it("refuses an index that leaves documents out by a field that is not in it", async () => {
      const partial = { name: "partial_v1", indexes: [{ fields: ["user_id"], present: "extra" }] };
      await expect(store.prepare(partial)).rejects.toThrow(RangeError);
    });

    it("keeps collections apart whose names differ in case, or that have names a database uses itself", async () => {
      const names = ["Things_v1", "checkpoints", "sqlite_schema", "system_users", "0"];
      for (const other of names) {
        const collection = { name: other, indexes: [["Status"], ["status"], ["select"]] };
        await store.prepare(collection);
        const next = { ...thing(other, 1), Status: "capital", select: 7 };
        expect(await store.write(collection, [{ id: other, expected: null, next }], null)).toEqual([]);
        expect(
          await store.find(collection, {
            equals: { Status: "capital", status: "PENDING" },
            order: { field: "select", direction: "ascending" },
            limit: 5,
          }),
        ).toEqual([next]);
      }
      expect(await collect(store.scan(THINGS))).toEqual([]);
    });

    it.each(['x"; DROP TABLE y; --', "", "a.b", "$a", "a b", "é"])(
      "refuses %j as the name of a collection and of a field",
      async (bad) => {
        await expect(store.prepare({ name: bad, indexes: [] })).rejects.toThrow(RangeError);
        await expect(store.prepare({ name: "fine", indexes: [[bad]] })).rejects.toThrow(RangeError);
      },
    );
  });

  describe("scan", () => {
    it("gives every document by the UTF-8 bytes of its id", async () => {
      // In JavaScript's own order (by UTF-16 units) the emoji comes before the full-width form.
      const all = ["b", "B", "a\u0000", "a", "", "10", "9", "é", "\uff5e", "😀", "z"];
      await put(store, ...all.map((id, at) => thing(id, at)));
      expect(ids(await collect(store.scan(THINGS)))).toEqual(all.toSorted(byBytes));
    });

    it("gives more documents than it reads at once, and each once while others come and go", async () => {
      const all = Array.from({ length: 1_500 }, (_, at) => `id-${String(at).padStart(5, "0")}`);
      await put(store, ...all.map((id, at) => thing(id, at)));
      const seen: string[] = [];
      for await (const { _id } of store.scan(THINGS)) {
        if (seen.length === 100) {
          await put(store, thing("id-00000-between", 1), thing("id-99999", 1));
          await store.write(THINGS, [{ id: "id-00050", expected: positionOf(50), next: null }], null);
        }
        seen.push(_id);
      }
      expect(seen.filter((id) => all.includes(id))).toEqual(all);
      expect(new Set(seen).size).toBe(seen.length);
    });

    it("gives nothing for an empty collection", async () => {
      expect(await collect(store.scan(THINGS))).toEqual([]);
    });
  });

  it("keeps every text as it is, in ids, in indexed values, and in nested keys and values", async () => {
    const odd = [
      "a\u0000b",
      "$where",
      "a.b.c",
      "😀 \u202e é e\u0301",
      "line\nbreak\u2028",
      "'; DROP TABLE x; --",
      '"\\',
    ];
    const extra = Object.fromEntries(odd.map((text) => [text, { [text]: [text, null, 1.5, -0.25, true, {}] }]));
    const all = odd.map((text, at) => thing(text, at, { status: text, extra }));
    await put(store, ...all);
    for (const document of all) {
      expect(await store.load(THINGS, [document._id])).toEqual([document]);
      const query: DocumentQuery = { equals: { status: document._id }, order: OLDEST_FIRST, limit: 5 };
      expect(await store.find(THINGS, query)).toEqual([document]);
    }
  });

  describe("drop", () => {
    it("removes the collection and its checkpoint, and nothing else", async () => {
      const other = { ...THINGS, name: "others_v1" };
      await store.prepare(other);
      await store.write(THINGS, [insert(thing("a", 1))], checkpointAt(1));
      await store.write(other, [insert(thing("b", 2))], checkpointAt(2, "others@1"));
      await store.drop(THINGS, CHECKPOINT);
      expect(await store.load(THINGS, ["a"])).toEqual([]);
      expect(await store.checkpoint(CHECKPOINT)).toBeNull();
      expect(await store.load(other, ["b"])).toEqual([thing("b", 2)]);
      expect(await store.checkpoint("others@1")).toEqual(checkpointAt(2, "others@1"));
    });

    it("does nothing for a collection that is not there, and leaves room for a new one of the same name", async () => {
      await store.drop(THINGS, CHECKPOINT);
      await store.drop(THINGS, CHECKPOINT);
      await store.prepare(THINGS);
      await put(store, thing("a", 1));
      expect(await findIds(store, {})).toEqual(["a"]);
    });
  });

  describe("a second handle", () => {
    it("reads a collection that was never prepared as empty", async () => {
      const unknown = { ...THINGS, name: "unknown_v1" };
      for (const handle of [store, opened().reader]) {
        expect(await handle.load(unknown, ["a"])).toEqual([]);
        expect(await handle.find(unknown, { order: OLDEST_FIRST, limit: 5 })).toEqual([]);
        expect(await collect(handle.scan(unknown))).toEqual([]);
      }
    });

    it("sees each write as soon as it is acknowledged", async () => {
      const { reader } = opened();
      for (let at = 1; at <= 20; at++) {
        await store.write(THINGS, [insert(thing(`id-${at}`, at))], checkpointAt(at));
        expect(await reader.load(THINGS, [`id-${at}`])).toEqual([thing(`id-${at}`, at)]);
        expect(await reader.find(THINGS, { order: OLDEST_FIRST, limit: 100 })).toHaveLength(at);
        expect(await reader.checkpoint(CHECKPOINT)).toEqual(checkpointAt(at));
      }
      expect(await collect(reader.scan(THINGS))).toHaveLength(20);
    });

    it("sees a collection that is dropped and prepared again", async () => {
      const { reader } = opened();
      await put(store, thing("a", 1));
      expect(ids(await reader.load(THINGS, ["a"]))).toEqual(["a"]);
      await store.drop(THINGS, CHECKPOINT);
      expect(await reader.load(THINGS, ["a"])).toEqual([]);
      await store.prepare(THINGS);
      await put(store, thing("a", 2));
      expect(await reader.load(THINGS, ["a"])).toEqual([thing("a", 2)]);
    });
  });
}
