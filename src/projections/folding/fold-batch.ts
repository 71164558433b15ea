import type { KnownEvent } from "../../events/catalogue.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { AnyProjection, Projection, Stages } from "../projection.ts";
import { ReadModelsUnavailable } from "../store/document-store.ts";
import type { Checkpoint, DocumentStore, StoredDocument } from "../store/document-store.ts";
import { addEvent, foldDocuments } from "./fold-documents.ts";
import type { EventsByDocument } from "./fold-documents.ts";

/** How often a batch is loaded and folded again after another process wrote its documents. */
const MAX_REFOLDS = 20;

/**
 * Folds events, in log order, into a projection's documents. Writes each changed document once, guarded by the position
 * it was read at, together with the checkpoint. A document skips events at or below its own position, so folding a
 * batch again does no harm.
 *
 * @returns the event that this projection cannot pass, or null; everything before it is in the documents
 * @throws ReadModelsUnavailable when the documents cannot be read or written, or others keep writing them
 */
export async function foldBatch(
  projection: AnyProjection,
  documents: DocumentStore,
  events: readonly RecordedEvent[],
): Promise<UnreadableEvent | null> {
  let poison: UnreadableEvent | null = null;
  let until = events;
  for (let round = 0; round <= MAX_REFOLDS; round++) {
    const last = until.at(-1);
    if (last === undefined) return poison;
    const folded = await foldStages(projection, documents, until);
    if (folded instanceof UnreadableEvent) {
      const broken: UnreadableEvent = folded;
      poison = broken;
      until = until.filter((event) => event.position < broken.position);
      continue;
    }
    const { position, id: eventId } = last;
    const checkpoint = { name: checkpointNameOf(projection), position, eventId, searchedTo: position };
    if (await writeStages(documents, projection, folded, checkpoint)) return poison;
  }
  throw new ReadModelsUnavailable(`${projection.name}: others kept writing the documents of a batch`);
}

/**
 * Writes the stages in order, the checkpoint with the last. False as soon as another process wrote one of the
 * documents.
 */
async function writeStages(
  documents: DocumentStore,
  projection: AnyProjection,
  stages: Stages,
  checkpoint: Checkpoint,
): Promise<boolean> {
  const last = stages.length - 1;
  for (const [index, writes] of stages.entries()) {
    const conflicts = await documents.write(collectionOf(projection), writes, index === last ? checkpoint : null);
    if (conflicts.length > 0) return false;
  }
  return true;
}

/**
 * The changes of these events, or the event at which the fold fails. The events are of the kind that the projection
 * reads.
 */
async function foldStages(
  projection: AnyProjection,
  documents: DocumentStore,
  events: readonly RecordedEvent[],
): Promise<Stages | UnreadableEvent> {
  const load = (ids: readonly string[]): Promise<StoredDocument[]> => documents.load(collectionOf(projection), ids);
  try {
    if (!("reads" in projection)) {
      const byDocument = sortByDocument(projection, events as readonly KnownEvent[]);
      return [await foldDocuments(byDocument, load, (document, event) => projection.evolve(document, event))];
    }
    const stages =
      projection.reads === "known"
        ? await projection.foldBatch(eachOnce(events as readonly KnownEvent[]), load)
        : await projection.foldBatch(eachOnce(events), load);
    // The checkpoint is written with the last stage, so there must be one.
    return stages.length === 0 ? [[]] : stages;
  } catch (error) {
    if (error instanceof UnreadableEvent) return error;
    throw error;
  }
}

function sortByDocument(projection: Projection, events: readonly KnownEvent[]): EventsByDocument {
  const byDocument: EventsByDocument = new Map();
  for (const event of events) {
    const id = projection.documentId(event);
    if (id !== null) addEvent(byDocument, id, event);
  }
  return byDocument;
}

/** The events without any at or before the position of an earlier one. */
function eachOnce<E extends RecordedEvent | KnownEvent>(events: readonly E[]): E[] {
  let furthest = "";
  return events.filter(({ position }) => {
    if (position <= furthest) return false;
    furthest = position;
    return true;
  });
}
