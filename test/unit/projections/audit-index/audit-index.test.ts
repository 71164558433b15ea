import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { auditIndex } from "../../../../src/projections/audit-index/audit-index.ts";
import { findPositions } from "../../../../src/projections/audit-index/find-positions.ts";
import { actorTerms, referenceTerm, typeTerm, userTerm } from "../../../../src/projections/audit-index/terms.ts";
import type { Term } from "../../../../src/projections/audit-index/terms.ts";
import { foldBatch } from "../../../../src/projections/folding/fold-batch.ts";
import { collectionOf } from "../../../../src/projections/projection.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import type { DocumentStore, StoredDocument } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { busyLog, chancesOf } from "../../../fixtures/event-log/busy-log.ts";
import { DELIVERED, DELIVERY_ID, attempted, requested, started } from "../../../specification/delivery-story.ts";
import { registered } from "../../../specification/endpoint-story.ts";
import { batchesOf, filled, specificationOf } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const STREAM = `delivery-${DELIVERY_ID}`;
const TIME = "2026-03-01T12:00:00.000Z";

async function positionsOf(documents: DocumentStore, terms: readonly Term[]): Promise<number[]> {
  const positions: number[] = [];
  const query = { all: [terms], direction: "ascending", after: null, from: null, to: null } as const;
  for await (const part of findPositions(documents, query)) positions.push(...part.map(Number));
  return positions;
}

describe("the audit index", () => {
  it("has each event under its terms, and remembers a delivery until it ends", async () => {
    const log = logOf([
      ["endpoint-7", registered({ endpointId: 7, userId: 3 })],
      [STREAM, requested()],
      [STREAM, started(1, 0)],
      ["delivery-other", requested(0, "other")],
    ]);
    const open = (term: string, positions: string) => ({
      _id: `open/${term}`,
      positions,
      count: positions.split(",").length,
      closed: 0,
    });
    await specificationOf(auditIndex)(log).then(
      { _id: `delivery/${DELIVERY_ID}`, user: 3, endpoint: 7 },
      { _id: "delivery/other", user: 3, endpoint: 7 },
      { _id: "endpoint/7", user: 3 },
      open("actor:test", "7,7,7,7"),
      open("category:endpoint", "7"),
      open("endpoint:7", "7,7,7,7"),
      open("type:DeliveryAttemptStarted", "l"),
      open("type:DeliveryRequested", "e,e"),
      open("type:EndpointRegistered", "7"),
      open("user:3", "7,7,7,7"),
      { _id: "time", after: null, low: TIME, count: 4, high: TIME, set_back: 0 },
    );
  });

  it("forgets a delivery that was delivered", async () => {
    const log = logOf([
      [STREAM, requested()],
      [STREAM, started(1, 0)],
      [STREAM, attempted(1, 0, 1, DELIVERED)],
    ]);
    for (const size of [1, 2, 3]) {
      const documents = await filled(auditIndex, batchesOf(log, size));
      expect(await documents.load(collectionOf(auditIndex), [`delivery/${DELIVERY_ID}`])).toEqual([]);
      expect(await positionsOf(documents, [userTerm(3)])).toEqual([7, 14, 21]);
    }
  });

  it("is the same in batches of any sizes, each of them again, over the ends of chunks", async () => {
    const events = busyLog(2_400, chancesOf(1)).map(({ event }) => event);
    const whole = await digestOf(await filled(auditIndex, [events]), auditIndex);
    const sizes = fc.array(fc.integer({ min: 100, max: 900 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 0, max: 400 }), async (lengths, back) => {
        const batches: RecordedEvent[][] = [];
        for (let begin = 0, index = 0; begin < events.length; index++) {
          const end = begin + lengths[index % lengths.length]!;
          // Goes back to an older checkpoint each time.
          batches.push(events.slice(Math.max(0, begin - back), end));
          begin = end;
        }
        expect(await digestOf(await filled(auditIndex, batches), auditIndex)).toBe(whole);
      }),
      { numRuns: 6 },
    );
  });

  it("is the same after a crash at any write, and other batches from then on", async () => {
    const events = busyLog(1_600, chancesOf(2)).map(({ event }) => event);
    const whole = await digestOf(await filled(auditIndex, [events]), auditIndex);
    const crash = fc.record({ at: fc.integer({ min: 0, max: 12 }), size: fc.integer({ min: 200, max: 1_500 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(crash, { minLength: 1, maxLength: 4 }), async (crashes) => {
        const documents = new MemoryDocumentStore();
        await documents.prepare(collectionOf(auditIndex));
        const write = documents.write.bind(documents);
        let done = 0;
        for (const { at, size } of crashes) {
          let left = at;
          documents.write = (...call) => {
            left -= 1;
            return left < 0 ? Promise.reject(new Error("the process died")) : write(...call);
          };
          try {
            for (; done < events.length; done += size) {
              await foldBatch(auditIndex, documents, events.slice(done, done + size));
            }
          } catch {
            documents.write = write;
          }
        }
        documents.write = write;
        for (const batch of batchesOf(events.slice(done), 333)) await foldBatch(auditIndex, documents, batch);
        expect(await digestOf(documents, auditIndex)).toBe(whole);
      }),
      { numRuns: 12 },
    );
  });

  it("is the same when several fold the same log at once, each in batches of its own", async () => {
    const events = busyLog(2_000, chancesOf(6)).map(({ event }) => event);
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(auditIndex));
    const folding = [90, 130, 700].map(async (size) => {
      for (const batch of batchesOf(events, size)) expect(await foldBatch(auditIndex, documents, batch)).toBeNull();
    });
    await Promise.all(folding);
    expect(await digestOf(documents, auditIndex)).toBe(await digestOf(await filled(auditIndex, [events]), auditIndex));
  });

  it("writes one chunk for a term of a batch, and none that is full twice", async () => {
    const events = busyLog(3_000, chancesOf(3)).map(({ event }) => event);
    const documents = new MemoryDocumentStore();
    await documents.prepare(collectionOf(auditIndex));
    const write = documents.write.bind(documents);
    const written: string[][] = [];
    documents.write = (collection, writes, checkpoint) => {
      written.push(writes.map(({ id }) => id));
      return write(collection, writes, checkpoint);
    };
    for (const batch of batchesOf(events, 250)) await foldBatch(auditIndex, documents, batch);
    for (const stage of written) expect(new Set(stage).size).toBe(stage.length);
    const closed = written.flat().filter((id) => id.startsWith("chunk/") || id.startsWith("time/"));
    expect(closed.length).toBeGreaterThan(10);
    expect(new Set(closed).size).toBe(closed.length);
  });

  it("takes events of any form, with texts of any length and characters", async () => {
    const actors = ["user:2/x", "\ud800", "a".repeat(500), ""];
    const [event] = busyLog(1, chancesOf(4)).map((owned) => owned.event) as [RecordedEvent];
    const odd = [
      { ...event, type: "From the future/é", data: null },
      { ...event, type: "DeliveryRequested", stream: "delivery-1", data: { userId: "7", reference: 5 } },
      { ...event, type: "DeliveryAttempted", stream: "delivery-1", data: [1] },
      { ...event, stream: "endpoint-x", metadata: null as unknown as RecordedEvent["metadata"] },
      { ...event, data: undefined, metadata: undefined as unknown as RecordedEvent["metadata"] },
      ...actors.map((actor) => ({ ...event, metadata: { ...event.metadata, actor } })),
    ].map((one, index): RecordedEvent => ({ ...one, position: positionOf(100 + index) }));
    const documents = await filled(auditIndex, [odd]);
    expect(await positionsOf(documents, [typeTerm("From the future/é")])).toEqual([100]);
    for (const [index, actor] of actors.entries()) {
      expect(await positionsOf(documents, actorTerms(actor))).toEqual([105 + index]);
    }
    const ids: string[] = [];
    for await (const { _id } of documents.scan<StoredDocument>(collectionOf(auditIndex))) ids.push(_id);
    expect(Math.max(...ids.map(({ length }) => length))).toBeLessThan(120);
  });

  it("finds a reference by its exact text", async () => {
    const [event] = logOf([[STREAM, requested()]]) as [RecordedEvent];
    const withReference = { ...event, data: { ...(event.data as object), reference: "order 7 / Grüße" } };
    const documents = await filled(auditIndex, [[withReference]]);
    expect(await positionsOf(documents, [referenceTerm("order 7 / Grüße")])).toEqual([7]);
    expect(await positionsOf(documents, [referenceTerm("order 7 / grüße")])).toEqual([]);
  });
});
