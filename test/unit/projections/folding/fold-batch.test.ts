import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEvent } from "../../../../src/events/catalogue.ts";
import { dueDeliveries } from "../../../../src/projections/due-deliveries.ts";
import { foldBatch } from "../../../../src/projections/folding/fold-batch.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import { PROJECTIONS } from "../../../../src/projections/read-models.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import { ReadModelsUnavailable } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { randomEntries } from "../../../fixtures/event-log/random-log.ts";
import { at, DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { contentsOf, filled } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const STREAM = `delivery-${DELIVERY_ID}`;

describe("folding a batch", () => {
  it("gives the same documents however the log is split, and whatever is folded again", async () => {
    const cuts = fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(randomEntries, cuts, fc.integer({ min: 1, max: 6 }), async (entries, again, size) => {
        const log = logOf(entries);
        const split = Array.from({ length: Math.ceil(log.length / size) }, (_none, index) =>
          log.slice(index * size, (index + 1) * size),
        );
        // Replays from older checkpoints: each begins earlier than the end, and goes on to the end.
        const replays = again.flatMap(([from, to]) => [log.slice(from, from + to), log.slice(from)]);
        for (const projection of PROJECTIONS) {
          const once = await filled(projection, [log]);
          const often = await filled(projection, [...split, ...replays]);
          expect(await digestOf(often, projection)).toBe(await digestOf(once, projection));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("writes the documents and the checkpoint together", async () => {
    const log = logOf([
      [STREAM, requested()],
      [STREAM, started(1, 0)],
    ]);
    const documents = await filled(dueDeliveries, [log]);
    const position = log.at(-1)?.position;
    expect(await documents.checkpoint(checkpointNameOf(dueDeliveries))).toMatchObject({
      position,
      eventId: log.at(-1)?.id,
    });
    expect(await documents.load(collectionOf(dueDeliveries), [DELIVERY_ID])).toMatchObject([{ position }]);
  });

  it("writes what came before an event that it cannot fold, in other documents too, and names that event", async () => {
    const other = "0198f1a2-0000-7000-8000-000000000002";
    const [first, second, poison, after] = logOf([
      [STREAM, requested()],
      [`delivery-${other}`, requested(0, other)],
      [STREAM, started(1, 0)],
      [`delivery-${other}`, started(1, 0, other)],
    ]).map(readEvent);
    const fragile: typeof dueDeliveries = {
      ...dueDeliveries,
      evolve(document, event) {
        if (event.position === poison?.position) throw new Error("a mistake in the fold");
        return dueDeliveries.evolve(document, event);
      },
    };
    const documents = await filled(fragile, []);
    const found = await foldBatch(fragile, documents, [first!, second!, poison!, after!]);
    expect(found).toMatchObject({ stream: STREAM, revision: poison?.revision, reason: "a mistake in the fold" });
    expect(await contentsOf(fragile, documents)).toMatchObject([{ due_at: at(0) }, { due_at: at(0) }]);
    expect(await documents.checkpoint(checkpointNameOf(fragile))).toMatchObject({ position: second?.position });
  });

  it("folds again what another process wrote between the read and the write", async () => {
    const log = logOf([
      [STREAM, requested()],
      [STREAM, started(1, 0)],
    ]);
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(dueDeliveries));
    const write = documents.write.bind(documents);
    let overtaken = 0;
    documents.write = async (...args) => {
      if (overtaken++ === 0) {
        // Another runner is one event ahead of us.
        const [document] = await filled(dueDeliveries, [log.slice(0, 1)]).then((other) =>
          other.load(collectionOf(dueDeliveries), [DELIVERY_ID]),
        );
        await write(collectionOf(dueDeliveries), [{ id: DELIVERY_ID, expected: null, next: document ?? null }], null);
      }
      return write(...args);
    };
    await foldBatch(dueDeliveries, documents, log.map(readEvent));
    const alone = await filled(dueDeliveries, [log]);
    expect(await digestOf(documents, dueDeliveries)).toBe(await digestOf(alone, dueDeliveries));
    expect(overtaken).toBe(2);
  });

  it("gives up when others keep writing the same document", async () => {
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(dueDeliveries));
    documents.write = (_collection, writes) => Promise.resolve(writes.map(({ id }) => id));
    const log = logOf([[STREAM, requested()]]).map(readEvent);
    await expect(foldBatch(dueDeliveries, documents, log)).rejects.toThrow(ReadModelsUnavailable);
  });
});
