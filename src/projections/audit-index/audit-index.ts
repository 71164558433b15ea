import type { RecordedEvent } from "../../events/store/event-store.ts";
import type { Position } from "../../events/store/position.ts";
import type { BatchProjection, LoadDocuments, Stages } from "../projection.ts";
import type { GuardedWrite, StoredDocument } from "../store/document-store.ts";
import { extended, openChunkId } from "./chunks.ts";
import type { OpenChunkDocument } from "./chunks.ts";
import { Owners } from "./owners.ts";
import { termsOf } from "./terms.ts";
import type { Term } from "./terms.ts";
import { OPEN_SPAN, withEvents } from "./time-spans.ts";
import type { OpenSpanDocument } from "./time-spans.ts";

/**
 * Where in the log the events of a type, an actor, a user, an endpoint, an outcome or a reference are, and which part of
 * the log was recorded when. For each term it has the positions of its events, in chunks of 512: a batch of events
 * writes one chunk for each of its terms, however many events it has. It takes unknown events too.
 *
 * First what is full and never changes is written, then the open chunks, then the open span of time, which says how far
 * the index is complete, and with it which deliveries to remember. So whatever a crash leaves unwritten is folded again:
 * each open document skips what is not beyond its own position, and closes at the same positions as before. As in
 * `OpenDeliveries`, a delivery that is unknown in a batch that does not begin it has ended and is already in the index.
 */
export const auditIndex: BatchProjection = {
  name: "audit-index",
  version: 1,
  categories: null,
  indexes: [],
  reads: "recorded",
  async foldBatch(events, load) {
    const owners = await Owners.load(events, load);
    const byTerm = positionsByTerm(events, owners);
    const stored = await load([OPEN_SPAN, ...[...byTerm.keys()].map(openChunkId)]);
    const before = new Map(stored.map((document) => [document._id, document]));
    const closed: StoredDocument[] = [];
    const open: GuardedWrite[] = [];
    for (const [term, positions] of byTerm) {
      const chunk = (before.get(openChunkId(term)) as OpenChunkDocument | undefined) ?? null;
      const after = extended(term, chunk, positions);
      closed.push(...after.closed);
      if (after.open !== null) open.push(writeOf(chunk, after.open));
    }
    const span = (before.get(OPEN_SPAN) as OpenSpanDocument | undefined) ?? null;
    const time = withEvents(span, events);
    closed.push(...time.closed);
    const last = [...(time.open === null ? [] : [writeOf(span, time.open)]), ...owners.deliveries()];
    const stages: Stages = [await missing(closed, load), [...open, ...owners.newEndpoints], last];
    // Each stage is a transaction, and most batches close nothing.
    return stages.filter(({ length }) => length > 0);
  },
};

function positionsByTerm(events: readonly RecordedEvent[], owners: Owners): ReadonlyMap<Term, readonly Position[]> {
  const byTerm = new Map<Term, Position[]>();
  for (const event of events) {
    for (const term of termsOf(event, owners.of(event))) {
      const positions = byTerm.get(term);
      if (positions === undefined) byTerm.set(term, [event.position]);
      else positions.push(event.position);
    }
  }
  return byTerm;
}

/** The writes of those that are not there. One that is there was written before a crash, and is the same. */
async function missing(documents: readonly StoredDocument[], load: LoadDocuments): Promise<GuardedWrite[]> {
  if (documents.length === 0) return [];
  const there = new Set((await load(documents.map(({ _id }) => _id))).map(({ _id }) => _id));
  return documents.filter(({ _id }) => !there.has(_id)).map((next) => ({ id: next._id, expected: null, next }));
}

function writeOf(before: StoredDocument | null, next: StoredDocument): GuardedWrite {
  return { id: next._id, expected: before?.position ?? null, next };
}
