import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writtenEvent } from "../../../../src/events/store/event-line.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { consistencyProof, inclusionProof } from "../../../../src/projections/audit-tree/audit-proofs.ts";
import {
  auditTree,
  leafOf,
  leafPlaceAt,
  leafPlaceOf,
  treeNow,
} from "../../../../src/projections/audit-tree/audit-tree.ts";
import { TILE_WIDTH, encodeHashes } from "../../../../src/projections/audit-tree/merkle-tiles.ts";
import { foldBatch } from "../../../../src/projections/folding/fold-batch.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import type { GuardedWrite } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { randomEntries } from "../../../fixtures/event-log/random-log.ts";
import { hashOfLeaf, treeHash, verifiesConsistency, verifiesInclusion } from "../../../fixtures/merkle-verifier.ts";
import { DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { batchesOf, filled, specificationOf } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const STREAM = `delivery-${DELIVERY_ID}`;

/** A log of so many events in many streams. */
function longLog(length: number): RecordedEvent[] {
  return logOf(Array.from({ length }, (_, number) => [`delivery-${number % 300}`, requested(number)]));
}

function hashesOf(log: readonly RecordedEvent[]): Buffer[] {
  return log.map((event) => hashOfLeaf(Buffer.from(writtenEvent(event).leaf)));
}

describe("the audit tree", () => {
  it("has each event as a leaf, in whatever way the log reaches it", async () => {
    const log = logOf([
      [STREAM, requested()],
      [STREAM, started(1, 0)],
      [`${STREAM}x`, requested()],
    ]);
    const leaves = log.map(({ id, stream, revision }, leaf) => ({ _id: id, leaf, stream, revision: Number(revision) }));
    const sorted = leaves.toSorted((a, b) => (a._id < b._id ? -1 : 1));
    await specificationOf(auditTree)(log).then(...sorted, {
      _id: "tree",
      size: 3,
      edge: [encodeHashes(hashesOf(log))],
    });
  });

  it("is the tree of the plain definition, for any log in any parts", async () => {
    await fc.assert(
      fc.asyncProperty(randomEntries, fc.integer({ min: 1, max: 9 }), async (entries, size) => {
        const log = logOf(entries);
        const tree = await treeNow(await filled(auditTree, batchesOf(log, size)));
        expect(tree.size).toBe(log.length);
        expect(tree.root()).toEqual(treeHash(hashesOf(log)));
      }),
      { numRuns: 30 },
    );
  });

  it("is empty over an empty log", async () => {
    const tree = await treeNow(await filled(auditTree, []));
    expect([tree.size, tree.root()]).toEqual([0, treeHash([])]);
  });

  it("has the same documents in batches of any size over tiles, with valid proofs", async () => {
    const log = longLog(2 * TILE_WIDTH + 89);
    const leaves = hashesOf(log);
    const ways = await Promise.all(
      [log.length, 1, 100, TILE_WIDTH].map((size) => filled(auditTree, batchesOf(log, size))),
    );
    const digests = new Set(await Promise.all(ways.map((documents) => digestOf(documents, auditTree))));
    expect(digests.size).toBe(1);

    const documents = ways[0]!;
    const tree = await treeNow(documents);
    for (const size of [1, 2, 255, 256, 257, 511, 512, 513, log.length]) {
      const root = treeHash(leaves.slice(0, size));
      for (const leaf of [0, 1, 254, 255, 256, 511, 512, size - 1].filter((one) => one < size)) {
        const place = await leafPlaceOf(documents, log[leaf]!.id);
        expect(place).toMatchObject({ leaf, stream: log[leaf]!.stream });
        const got = await inclusionProof(documents, tree, leaf, size);
        expect([got.leafHash, got.root]).toEqual([leaves[leaf], root]);
        expect(verifiesInclusion(leaves[leaf]!, leaf, size, got.proof, root)).toBe(true);
        expect(verifiesInclusion(leaves[leaf]!, leaf, size, got.proof, Buffer.alloc(32))).toBe(false);
      }
      for (const from of [1, 128, 255, 256, 300, 512, size].filter((one) => one <= size)) {
        const { fromRoot, proof } = await consistencyProof(documents, tree, from, size);
        expect(fromRoot).toEqual(treeHash(leaves.slice(0, from)));
        expect(verifiesConsistency({ size: from, root: fromRoot }, { size, root }, proof), `${from}, ${size}`).toBe(
          true,
        );
      }
    }
    await expect(inclusionProof(documents, tree, 0, log.length + 1)).rejects.toThrow(RangeError);
    expect(await leafPlaceAt(documents, 300)).toMatchObject({ id: log[300]!.id });
    expect(await leafPlaceAt(documents, log.length)).toBeNull();
    expect(await leafPlaceOf(documents, "tree")).toBeNull();
    expect(await leafPlaceOf(documents, "tile/0/0")).toBeNull();
  });

  it("differs for any part of an event that is in a leaf, and for no other", () => {
    const [event] = longLog(1) as [RecordedEvent];
    const another: Partial<RecordedEvent>[] = [
      { id: "00000000-0000-4000-8000-000000000001" },
      { stream: "delivery-1" },
      { revision: longLog(301)[300]!.revision },
      { type: "DeliveryRequestee" },
      { data: { ...(event.data as object), payload: '{"order": 2}' } },
      { metadata: { ...event.metadata, actor: "user:2" } },
    ];
    const hashes = new Set(
      [event, ...another.map((part) => ({ ...event, ...part }))].map((one) => leafOf(one).toString("hex")),
    );
    expect(hashes.size).toBe(1 + another.length);
    const elsewhere = { ...event, position: longLog(2)[1]!.position, recordedAt: "2027-01-01T00:00:00.000Z" };
    expect(leafOf(elsewhere)).toEqual(leafOf(event));
  });

  it("takes events that this version of the program does not know", async () => {
    const [first, second] = longLog(2) as [RecordedEvent, RecordedEvent];
    const tree = await treeNow(
      await filled(auditTree, [[{ ...first, type: "FromTheFuture", data: [1, null] }, second]]),
    );
    expect(tree.size).toBe(2);
  });

  it.each([
    ["a lone surrogate", { text: "\ud800" }],
    ["bytes that are no JSON", Buffer.from("binary")],
    ["no data", undefined],
  ])("stops at an event with %s, with what came before it in the tree", async (_what, data) => {
    const log = longLog(3).map((event, index) => (index === 1 ? { ...event, data } : event));
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(auditTree));
    const poison = await foldBatch(auditTree, documents, log);
    expect(poison).toMatchObject({ stream: "delivery-1", position: log[1]!.position });
    expect((await treeNow(documents)).size).toBe(1);
  });

  it("proves an event whose id is there twice at its first place", async () => {
    const log = longLog(6).map((event, index) => (index % 2 === 1 ? { ...event, id: DELIVERY_ID } : event));
    const whole = await filled(auditTree, [log]);
    expect(await leafPlaceOf(whole, DELIVERY_ID)).toMatchObject({ leaf: 1, stream: "delivery-1" });
    const inParts = await filled(auditTree, [...batchesOf(log, 2), ...batchesOf(log, 3)]);
    expect(await digestOf(inParts, auditTree)).toBe(await digestOf(whole, auditTree));
    expect((await treeNow(whole)).root()).toEqual(treeHash(hashesOf(log)));
  });
});

describe("a crash between what never changes and the tree", () => {
  /** A model whose tree was not written although its leaves and tiles were. */
  async function halfWritten(log: readonly RecordedEvent[]): Promise<MemoryDocumentStore> {
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(auditTree));
    const write = documents.write.bind(documents);
    documents.write = (collection, writes: readonly GuardedWrite[], checkpoint) =>
      writes.some(({ id }) => id === "tree")
        ? Promise.reject(new Error("the process died"))
        : write(collection, writes, checkpoint);
    await expect(foldBatch(auditTree, documents, log)).rejects.toThrow("the process died");
    documents.write = write;
    return documents;
  }

  it("does no harm", async () => {
    const log = longLog(TILE_WIDTH + 10);
    const documents = await halfWritten(log);
    expect(await documents.checkpoint(checkpointNameOf(auditTree))).toBeNull();
    expect((await treeNow(documents)).size).toBe(0);
    for (const batch of batchesOf(log, 100)) expect(await foldBatch(auditTree, documents, batch)).toBeNull();
    expect(await digestOf(documents, auditTree)).toBe(await digestOf(await filled(auditTree, [log]), auditTree));
  });

  it("is no time to change the log unnoticed", async () => {
    const log = longLog(TILE_WIDTH + 10);
    const documents = await halfWritten(log);
    const [first, second, ...rest] = log as [RecordedEvent, RecordedEvent, ...RecordedEvent[]];
    const swapped = [{ ...second, position: first.position }, { ...first, position: second.position }, ...rest];
    await expect(foldBatch(auditTree, documents, swapped)).rejects.toThrow(
      "the log differs from what the audit tree holds",
    );
    const changed = [{ ...first, type: "Changed" }, second, ...rest];
    await expect(foldBatch(auditTree, documents, changed)).rejects.toThrow("in tile/0/0");
  });
});
