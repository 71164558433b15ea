import { beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type { DocumentStore, GuardedWrite, StoredDocument } from "../../src/projections/store/document-store.ts";
import {
  CHECKPOINT,
  THINGS,
  checkpointAt,
  collect,
  findIds,
  ids,
  insert,
  put,
  thing,
} from "./document-store-things.ts";
import type { OpenedDocumentStore, Thing } from "./document-store-things.ts";

/** How documents and checkpoints are written and read by id. */
export function describeWrites(opened: () => OpenedDocumentStore): void {
  let store: DocumentStore;

  beforeEach(() => {
    store = opened().store;
  });

  describe("load", () => {
    it("gives nothing for no ids and for ids that are not there", async () => {
      expect(await store.load(THINGS, [])).toEqual([]);
      expect(await store.load(THINGS, ["nobody", ""])).toEqual([]);
    });

    it("gives the documents among 5,000 ids that exist, each once", async () => {
      const all = Array.from({ length: 5_000 }, (_, at) => `id-${at}`);
      const existing = all.filter((_, at) => at % 2 === 0);
      await put(store, ...existing.map((id, at) => thing(id, at)));
      const loaded = ids(await store.load(THINGS, [...all, "id-0", "id-0"]));
      expect(loaded.toSorted()).toEqual(existing.toSorted());
    });

    it("gives documents that are the caller's own", async () => {
      const given = { ...thing("a", 1), extra: { list: [1] } };
      await put(store, given);
      given.extra.list.push(2);
      const [loaded] = await store.load<Thing & { extra: { list: number[] } }>(THINGS, ["a"]);
      loaded!.extra.list.push(3);
      expect(await store.load(THINGS, ["a"])).toEqual([{ ...thing("a", 1), extra: { list: [1] } }]);
    });
  });

  describe("write", () => {
    const stored = thing("a", 5, { status: "PENDING" });

    it("replaces a document that is at the expected position, and its values in every index", async () => {
      await put(store, stored);
      const next = thing("a", 6, { status: "SUCCESS", user_id: 2, created_at: null });
      expect(await store.write(THINGS, [{ id: "a", expected: positionOf(5), next }], null)).toEqual([]);
      expect(await store.load(THINGS, ["a"])).toEqual([next]);
      const byStatus = { order: { field: "status", direction: "ascending" } } as const;
      expect(await findIds(store, { ...byStatus, equals: { user_id: 2, status: "SUCCESS" } })).toEqual(["a"]);
      expect(await findIds(store, { ...byStatus, equals: { status: "PENDING" } })).toEqual([]);
      expect(await findIds(store, {})).toEqual([]);
    });

    it("removes a document that is at the expected position", async () => {
      await put(store, stored);
      expect(await store.write(THINGS, [{ id: "a", expected: positionOf(5), next: null }], null)).toEqual([]);
      expect(await store.load(THINGS, ["a"])).toEqual([]);
      expect(await findIds(store, {})).toEqual([]);
    });

    it("takes the removal of a document that is expected not to be there, and is not", async () => {
      expect(await store.write(THINGS, [{ id: "a", expected: null, next: null }], null)).toEqual([]);
    });

    it.each<[string, boolean, GuardedWrite]>([
      ["an insert of a document that exists", true, { id: "a", expected: null, next: thing("a", 9) }],
      ["a replacement from a stale position", true, { id: "a", expected: positionOf(4), next: thing("a", 9) }],
      ["a replacement from a later position", true, { id: "a", expected: positionOf(6), next: thing("a", 9) }],
      ["a removal from a stale position", true, { id: "a", expected: positionOf(4), next: null }],
      ["a removal of what should not be there", true, { id: "a", expected: null, next: null }],
      ["a replacement of a missing document", false, { id: "a", expected: positionOf(5), next: thing("a", 9) }],
      ["a removal of a missing document", false, { id: "a", expected: positionOf(5), next: null }],
    ])("reports %s and changes nothing", async (_, exists, write) => {
      if (exists) await put(store, stored);
      expect(await store.write(THINGS, [write], null)).toEqual(["a"]);
      expect(await store.load(THINGS, ["a"])).toEqual(exists ? [stored] : []);
    });

    it("writes all others, but not the checkpoint, when some guards do not hold", async () => {
      await put(store, thing("b", 1), thing("d", 1));
      const first = checkpointAt(1);
      await store.write(THINGS, [], first);
      const writes: GuardedWrite[] = [
        insert(thing("a", 2)),
        insert(thing("b", 2)),
        { id: "c", expected: positionOf(1), next: thing("c", 2) },
        { id: "d", expected: positionOf(1), next: thing("d", 2) },
        insert(thing("e", 2)),
      ];
      const conflicts = await store.write(THINGS, writes, checkpointAt(2));
      expect(conflicts.toSorted()).toEqual(["b", "c"]);
      expect(await collect(store.scan(THINGS))).toEqual([thing("a", 2), thing("b", 1), thing("d", 2), thing("e", 2)]);
      expect(await store.checkpoint(CHECKPOINT)).toEqual(first);
    });

    it("changes nothing when it is repeated after it was done", async () => {
      const writes = [insert(thing("a", 1)), insert(thing("b", 1))];
      await store.write(THINGS, writes, null);
      expect((await store.write(THINGS, writes, null)).toSorted()).toEqual(["a", "b"]);
      expect(await collect(store.scan(THINGS))).toEqual([thing("a", 1), thing("b", 1)]);
    });

    it("refuses a document under another id, and an indexed value that is no text or number, and writes nothing", async () => {
      const wrong: GuardedWrite[] = [
        { id: "b", expected: null, next: thing("c", 1) },
        ...[true, [1], { a: 1 }, Number.NaN, Infinity].map((status) => {
          const next: StoredDocument = Object.assign(thing("b", 1), { status });
          return { id: "b", expected: null, next };
        }),
      ];
      for (const write of wrong) {
        await expect(store.write(THINGS, [insert(thing("a", 1)), write], null)).rejects.toThrow();
      }
      expect(await collect(store.scan(THINGS))).toEqual([]);
    });
  });

  describe("checkpoint", () => {
    it("is null until it is written, and then what was written last under its name", async () => {
      expect(await store.checkpoint(CHECKPOINT)).toBeNull();
      await store.write(THINGS, [insert(thing("a", 3))], checkpointAt(3));
      expect(await store.checkpoint(CHECKPOINT)).toEqual(checkpointAt(3));
      await store.write(THINGS, [], checkpointAt(2n ** 64n - 4n));
      expect(await store.checkpoint(CHECKPOINT)).toEqual(checkpointAt(2n ** 64n - 4n));
      expect(await store.checkpoint("another")).toBeNull();
    });
  });
}
