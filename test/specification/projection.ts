import { expect } from "vitest";
import { readEvent } from "../../src/events/catalogue.ts";
import type { RecordedEvent } from "../../src/events/store/event-store.ts";
import { foldBatch } from "../../src/projections/folding/fold-batch.ts";
import { checkpointNameOf, collectionOf } from "../../src/projections/projection.ts";
import type { AnyProjection } from "../../src/projections/projection.ts";
import { digestOf } from "../../src/projections/rebuilding/model-digest.ts";
import type { DocumentStore } from "../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../src/projections/store/memory/memory-document-store.ts";

type Batches = readonly (readonly RecordedEvent[])[];

/** The ways in which a log may reach a projection. All of them must end in the same documents. */
const WAYS: Readonly<Record<string, (log: readonly RecordedEvent[]) => Batches>> = {
  "in one batch": (log) => [log],
  "one by one": (log) => log.map((event) => [event]),
  "in twos": (log) => batchesOf(log, 2),
  "in threes": (log) => batchesOf(log, 3),
  "each event twice": (log) => [log.flatMap((event) => [event, event])],
  "each event twice, one by one": (log) => log.flatMap((event) => [[event], [event]]),
  "and again from the beginning": (log) => [log, log],
  "and again from every older checkpoint": (log) => [log, ...log.map((_event, index) => log.slice(index))],
  "and again one by one from half the log": (log) => [
    log,
    ...log.slice(Math.floor(log.length / 2)).map((event) => [event]),
  ],
};

/**
 * `given(log).then(documents)` for one read model: folds the log in every way in which it may arrive (at once, in parts,
 * each event twice, replayed from an older checkpoint) and asserts that the documents (by `_id`, `position` left out)
 * and their digest are the same each time.
 */
export function specificationOf(projection: AnyProjection) {
  return (log: readonly RecordedEvent[]) => ({
    async then(...expected: readonly object[]): Promise<void> {
      const digests: Record<string, string> = {};
      for (const [way, batches] of Object.entries(WAYS)) {
        const documents = await filled(projection, batches(log));
        expect(await contentsOf(projection, documents), way).toEqual(expected);
        const last = await documents.checkpoint(checkpointNameOf(projection));
        expect(last?.position ?? null, way).toBe(log.at(-1)?.position ?? null);
        digests[way] = await digestOf(documents, projection);
      }
      expect(new Set(Object.values(digests)).size, JSON.stringify(digests)).toBe(1);
    },
  });
}

/** A new store in memory with this projection filled from these batches. */
export async function filled(projection: AnyProjection, batches: Batches): Promise<MemoryDocumentStore> {
  const documents = new MemoryDocumentStore();
  await documents.prepare(collectionOf(projection));
  for (const batch of batches) expect(await foldBatch(projection, documents, eventsFor(projection, batch))).toBeNull();
  return documents;
}

function eventsFor(projection: AnyProjection, batch: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return "reads" in projection && projection.reads === "recorded" ? batch : batch.map(readEvent);
}

/** The documents of a read model by `_id`, without their positions. */
export async function contentsOf(projection: AnyProjection, documents: DocumentStore): Promise<object[]> {
  const contents: object[] = [];
  for await (const document of documents.scan(collectionOf(projection))) {
    contents.push(Object.fromEntries(Object.entries(document).filter(([name]) => name !== "position")));
  }
  return contents;
}

/** The log in batches of so many events. */
export function batchesOf(log: readonly RecordedEvent[], size: number): RecordedEvent[][] {
  return Array.from({ length: Math.ceil(log.length / size) }, (_batch, index) =>
    log.slice(index * size, (index + 1) * size),
  );
}
