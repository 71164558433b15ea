import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../src/events/store/position.ts";
import type { StoredDocument } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { pagesOf } from "../../../../src/projections/store/pages.ts";
import type { PagesFrom } from "../../../../src/projections/store/pages.ts";

interface Thing extends StoredDocument {
  readonly rank: number;
}

const COLLECTION = { name: "things_v1", indexes: [["rank"]] };

/** The ids, page by page, of things with these ranks; each is named by its place. */
async function pages(ranks: readonly number[], from: PagesFrom): Promise<string[]> {
  const store = new MemoryDocumentStore();
  await store.prepare(COLLECTION);
  const things = ranks.map((rank, index) => ({ _id: String(index), position: positionOf(1n), rank }));
  const writes = things.map((next) => ({ id: next._id, expected: null, next }));
  await store.write(COLLECTION, writes, null);
  const found: string[] = [];
  const order = { field: "rank", direction: "ascending" } as const;
  for await (const page of pagesOf<Thing>(store, COLLECTION, { order }, from)) {
    found.push(page.map(({ _id }) => _id).join(""));
  }
  return found;
}

describe("the pages of a query", () => {
  it("have every document once and in order, also where many have the same value", async () => {
    expect(await pages([5, 1, 3, 3, 3, 9, 2], { size: 2 })).toEqual(["16", "23", "40", "5"]);
  });

  it("end with an empty page when the one before was full", async () => {
    expect(await pages([1, 2, 3, 4], { size: 2 })).toEqual(["01", "23", ""]);
    expect(await pages([], { size: 2 })).toEqual([""]);
  });

  it("begin after a document", async () => {
    expect(await pages([1, 2, 2, 3], { size: 2, after: { value: 2, id: "1" } })).toEqual(["23", ""]);
  });
});
