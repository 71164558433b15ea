import type { EventStore } from "../../events/store/event-store.ts";
import { checkpointNameOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import type { Checkpoint, DocumentStore } from "../store/document-store.ts";

/** The read models of a shared store were folded from a different log than the current one. */
export class ReadModelsOfAnotherLog extends Error {
  readonly code = "read_models_of_another_log";

  constructor(checkpoint: Checkpoint) {
    super(
      `the read models were built from another event log: ${checkpoint.name} had folded the event at position ` +
        `${checkpoint.position}, which is not in this log; it was reset, restored from an older copy, or is the wrong one`,
    );
    this.name = "ReadModelsOfAnotherLog";
  }
}

/** Whether a checkpoint was reached in this log: its event is still at its position. */
export async function isOfThisLog(checkpoint: Checkpoint, log: Pick<EventStore, "idAt">): Promise<boolean> {
  return (await log.idAt(checkpoint.position)) === checkpoint.eventId;
}

/**
 * Checks that the documents of these projections in a shared store came from this log. A store that is not shared needs
 * no check: the runner rebuilds its documents.
 *
 * @throws ReadModelsOfAnotherLog
 */
export async function refuseAnotherLog(
  projections: readonly AnyProjection[],
  log: Pick<EventStore, "idAt">,
  documents: DocumentStore,
): Promise<void> {
  if (!documents.shared) return;
  for (const projection of projections) {
    const checkpoint = await documents.checkpoint(checkpointNameOf(projection));
    if (checkpoint !== null && !(await isOfThisLog(checkpoint, log))) throw new ReadModelsOfAnotherLog(checkpoint);
  }
}
