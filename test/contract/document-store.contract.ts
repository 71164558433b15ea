import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ReadModelsUnavailable } from "../../src/projections/store/document-store.ts";
import { describeCollections } from "./document-store-collections.ts";
import { describePartialIndexes } from "./document-store-partial-indexes.ts";
import { describeQueries } from "./document-store-queries.ts";
import { CHECKPOINT, OLDEST_FIRST, THINGS, collect, insert, thing } from "./document-store-things.ts";
import type { OpenedDocumentStore } from "./document-store-things.ts";
import { describeWrites } from "./document-store-writes.ts";

/** What every document store keeps. `open` gives an empty store for each test. */
export function documentStoreContract(name: string, open: () => Promise<OpenedDocumentStore>): void {
  describe(`the document store contract: ${name}`, () => {
    let opened: OpenedDocumentStore;

    beforeEach(async () => {
      opened = await open();
      await opened.store.prepare(THINGS);
    });

    afterEach(() => opened.dispose());

    describeCollections(() => opened);
    describeWrites(() => opened);
    describeQueries(() => opened);
    describePartialIndexes(() => opened);

    it("answers with ReadModelsUnavailable once it is closed, and closes twice", async () => {
      const { store } = opened;
      await store.close();
      await store.close();
      const calls = [
        store.prepare(THINGS),
        store.load(THINGS, ["a"]),
        store.write(THINGS, [insert(thing("a", 1))], null),
        store.find(THINGS, { order: OLDEST_FIRST, limit: 5 }),
        store.count(THINGS, { field: "created_at" }),
        collect(store.scan(THINGS)),
        store.checkpoint(CHECKPOINT),
        store.drop(THINGS, CHECKPOINT),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(ReadModelsUnavailable) as unknown });
      }
    });
  });
}
