import type { EventStore, RecordedEvent } from "../events/event-store.ts";
import type { Position } from "../events/position.ts";
import type { DocumentStore } from "./document-store.ts";
import { foldBatch } from "./fold-batch.ts";
import { checkpointNameOf, collectionOf } from "./projection.ts";
import type { Projection } from "./projection.ts";

/** As many events are folded and written together at the most; bounds memory. */
const BATCH_EVENTS = 2_000;
/** How many times the end of the log is reached with nothing to fold before the checkpoint moves on all the same. */
const IDLE_CHECKPOINT_EVERY = 1_000;

/** Where a projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Everything at or before it is in the documents; null before the first event. */
  readonly position: Position | null;
  readonly state: "catching_up" | "live" | "faulted";
  /** Why it stopped: an event that it cannot go past. */
  readonly fault: { readonly stream: string; readonly revision: string; readonly reason: string } | null;
}

/**
 * Keeps one read model up with the log until the signal aborts: takes what is there as a batch and folds it. Replays,
 * crashes and two runners at once are harmless (see `foldBatch`).
 *
 * An event that cannot be read stops this projection, and no other: what came before it is written, the status says
 * `faulted`, and the call returns.
 *
 * @throws what the log and the document store throw; the caller starts it again
 */
export async function runProjection(
  projection: Projection,
  log: Pick<EventStore, "subscribe" | "head">,
  documents: DocumentStore,
  report: (status: ProjectionStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  const { name, version, categories } = projection;
  const checkpointName = checkpointNameOf(projection);
  let position = await documents.checkpoint(checkpointName);
  const head = await log.head();
  if (position !== null && (head === null || head < position)) {
    // The log was restored from a copy that is older than the documents: they tell of events that it does not have.
    await documents.drop(collectionOf(projection), checkpointName);
    position = null;
  }
  await documents.prepare(collectionOf(projection));
  let batch: RecordedEvent[] = [];
  let idle = 0;
  report({ name, version, position, state: "catching_up", fault: null });

  for await (const message of log.subscribe({ after: position, categories, signal })) {
    if (message.kind === "event") batch.push(message.event);
    if (message.kind === "event" && batch.length < BATCH_EVENTS) continue;
    if (batch.length > 0) {
      const { position: folded, poison } = await foldBatch(projection, documents, batch);
      batch = [];
      position = folded ?? position;
      if (poison) {
        const { stream, revision, reason } = poison;
        report({ name, version, position, state: "faulted", fault: { stream, revision, reason } });
        return;
      }
    }
    if (message.kind === "caughtUp" && message.position !== null && message.position !== position) {
      position = message.position;
      if (++idle % IDLE_CHECKPOINT_EVERY === 0) {
        await documents.write(collectionOf(projection), [], { name: checkpointName, position });
      }
    }
    report({ name, version, position, state: message.kind === "caughtUp" ? "live" : "catching_up", fault: null });
  }
}
