import { readEvent } from "../events/catalogue.ts";
import type { KnownEvent } from "../events/catalogue.ts";
import { UnreadableEvent } from "../events/event-store-errors.ts";
import type { RecordedEvent } from "../events/event-store.ts";
import type { Position } from "../events/position.ts";
import { ReadModelsUnavailable } from "./document-store.ts";
import type { DocumentStore, GuardedWrite } from "./document-store.ts";
import { checkpointNameOf, collectionOf } from "./projection.ts";
import type { Projection } from "./projection.ts";

/** How often documents that somebody else wrote meanwhile are loaded and folded again before the batch is given up. */
const MAX_REFOLDS = 20;

export interface FoldedBatch {
  /** The position of the last event that is in the documents now; null when there was none. */
  readonly position: Position | null;
  /** The event that this projection cannot go past; everything before it is in the documents. */
  readonly poison: UnreadableEvent | null;
}

/**
 * Folds a batch of events, in log order, into a projection's documents and writes each changed document once, guarded by
 * the position it was read at, together with the checkpoint. Events at or below a document's own position are skipped,
 * so a batch may be folded again.
 *
 * @throws ReadModelsUnavailable when the documents cannot be read or written, or others keep writing them
 */
export async function foldBatch(
  projection: Projection,
  documents: DocumentStore,
  batch: readonly RecordedEvent[],
): Promise<FoldedBatch> {
  const { events, poison } = readUntilPoison(batch);
  const byDocument = new Map<string, KnownEvent[]>();
  for (const event of events) {
    const id = projection.documentId(event);
    if (id === null) continue;
    const own = byDocument.get(id);
    if (own) own.push(event);
    else byDocument.set(id, [event]);
  }
  const position = events.at(-1)?.position ?? null;
  const checkpoint = position && { name: checkpointNameOf(projection), position };
  let pending = [...byDocument.keys()];
  for (let round = 0; round <= MAX_REFOLDS; round++) {
    const writes = await foldDocuments(projection, documents, pending, byDocument);
    pending = await documents.write(collectionOf(projection), writes, checkpoint);
    if (pending.length === 0) return { position, poison };
  }
  throw new ReadModelsUnavailable(`${projection.name}: others kept writing ${pending.length} documents of a batch`);
}

function readUntilPoison(batch: readonly RecordedEvent[]): { events: KnownEvent[]; poison: UnreadableEvent | null } {
  const events: KnownEvent[] = [];
  for (const recorded of batch) {
    try {
      events.push(readEvent(recorded));
    } catch (error) {
      if (error instanceof UnreadableEvent) return { events, poison: error };
      throw error;
    }
  }
  return { events, poison: null };
}

async function foldDocuments(
  projection: Projection,
  documents: DocumentStore,
  ids: readonly string[],
  byDocument: ReadonlyMap<string, readonly KnownEvent[]>,
): Promise<GuardedWrite[]> {
  const stored = await documents.load(collectionOf(projection), ids);
  const before = new Map(stored.map((document) => [document._id, document]));
  const writes: GuardedWrite[] = [];
  for (const id of ids) {
    const document = before.get(id) ?? null;
    const fresh = (byDocument.get(id) ?? []).filter((event) => document === null || event.position > document.position);
    const last = fresh.at(-1);
    if (last === undefined) continue;
    const content = fresh.reduce<object | null>((was, event) => projection.evolve(was, event), document);
    if (content === null && document === null) continue;
    const next = content && { ...content, _id: id, position: last.position };
    writes.push({ id, expected: document?.position ?? null, next });
  }
  return writes;
}
