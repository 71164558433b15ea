import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { UnreadableEvent } from "../../../../src/events/store/event-store-errors.ts";
import { foldBatch } from "../../../../src/projections/folding/fold-batch.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import type { BatchProjection } from "../../../../src/projections/projection.ts";
import type { GuardedWrite, StoredDocument } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { contentsOf, specificationOf } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

interface Counted extends StoredDocument {
  readonly count: number;
}

/** Numbers every event, in a first stage, and counts them, in a second: the smallest model that needs two. */
const numbered: BatchProjection = {
  name: "numbered",
  version: 1,
  categories: null,
  indexes: [],
  reads: "recorded",
  async foldBatch(events, load) {
    const total = (await load(["total"]))[0] as Counted | undefined;
    const news = events.filter(({ position }) => total === undefined || position > total.position);
    const last = news.at(-1);
    if (last === undefined) return [];
    const known = new Set((await load(news.map(({ id }) => id))).map(({ _id }) => _id));
    const before = total?.count ?? 0;
    const numbers = news.map(({ id, position }, index) => ({ _id: id, position, number: before + index }));
    const next: Counted = { _id: "total", position: last.position, count: before + news.length };
    return [
      numbers.filter(({ _id }) => !known.has(_id)).map((next) => ({ id: next._id, expected: null, next })),
      [{ id: "total", expected: total?.position ?? null, next }],
    ];
  },
};

const STREAM = `delivery-${DELIVERY_ID}`;

function threeEvents(): RecordedEvent[] {
  return logOf([
    [STREAM, requested()],
    [STREAM, started(1, 0)],
    [`${STREAM}x`, requested()],
  ]);
}

describe("a model that is written in stages", () => {
  it("ends with the same documents in whatever way the log reaches it", async () => {
    const log = threeEvents();
    const documents = log.map(({ id }, number) => ({ _id: id, number }));
    const sorted = [...documents, { _id: "total", count: 3 }].toSorted((a, b) => (a._id < b._id ? -1 : 1));
    await specificationOf(numbered)(log).then(...sorted);
  });

  it("is folded again, without harm, when a crash came between two stages", async () => {
    const log = threeEvents();
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(numbered));
    const write = documents.write.bind(documents);
    documents.write = (collection, writes: readonly GuardedWrite[], checkpoint) =>
      writes.some(({ id }) => id === "total")
        ? Promise.reject(new Error("the process died"))
        : write(collection, writes, checkpoint);
    await expect(foldBatch(numbered, documents, log)).rejects.toThrow("the process died");
    expect(await documents.checkpoint(checkpointNameOf(numbered))).toBeNull();

    documents.write = write;
    expect(await foldBatch(numbered, documents, log)).toBeNull();
    expect(await contentsOf(numbered, documents)).toHaveLength(4);
    expect(await documents.checkpoint(checkpointNameOf(numbered))).toMatchObject({ position: log.at(-1)?.position });
  });

  it("stops at an event that it cannot go past, with what came before it written", async () => {
    const log = threeEvents();
    const poison = log[1]!;
    const picky: BatchProjection = {
      ...numbered,
      reads: "recorded",
      foldBatch: (events, load) => {
        if (events.includes(poison)) throw new UnreadableEvent(poison, "it has a mistake");
        return numbered.foldBatch(events, load);
      },
    };
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(picky));
    expect(await foldBatch(picky, documents, log)).toMatchObject({ reason: "it has a mistake" });
    expect(await documents.load(collectionOf(picky), ["total"])).toMatchObject([{ count: 1 }]);
  });
});
