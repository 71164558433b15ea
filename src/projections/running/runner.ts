import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import type { Position } from "../../events/store/position.ts";
import { pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { foldBatch } from "../folding/fold-batch.ts";
import { categoriesOf, ownOf, readOrPoison, untilPoison } from "../folding/own-events.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { ReadModelsOfAnotherLog, isOfThisLog } from "./another-log.ts";
import { CheckpointMoves } from "./checkpoint-moves.ts";
import { PollThrottle } from "./poll-throttle.ts";
import type { ProjectionState } from "./projection-terms.ts";
import { BEGINNING, earlierPlace, furthestPlace } from "./reading-place.ts";
import type { ReadingPlace } from "./reading-place.ts";

/** As many events are folded and written together at the most; bounds memory. */
const BATCH_EVENTS = 4_000;
/** Or of so many characters of payload and other text, whichever comes first. */
const BATCH_CHARACTERS = 16 * 1024 * 1024;

/** Where a projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Everything at or before it is in the documents; null before the first event. */
  readonly position: Position | null;
  /** `outdated`: made by an earlier version of the fold, and shown as it is until the new one is complete. */
  readonly state: ProjectionState;
  /** Why it stopped: an event that it cannot go past. */
  readonly fault: { readonly stream: string; readonly revision: string; readonly reason: string } | null;
}

/** How a run differs from the usual one. */
export interface RunnerOptions {
  /** Called with a read model that is rebuilt, since it was built from another log. */
  readonly reset?: (name: string) => void;
  /** For how long it rests after each batch while it is behind, in parts of the time that the batch took. Default: not at all. */
  readonly restRatio?: number;
}

/** The longest rest after a batch, in ms. */
const LONGEST_REST_MS = 2_000;

/**
 * Keeps read models up with the log until the signal aborts: takes what is there as a batch, reads it once, and folds it
 * into each of them, giving each what is of its own categories. Replays, crashes and two runners at once are harmless
 * (see `foldBatch`), so the group begins where the one that is furthest behind left off. The checkpoints follow the log's
 * end also when nothing of the group's own comes, and are left there when the signal aborts.
 *
 * An event that a projection cannot read or fold stops that projection, and no other: what came before it is written,
 * its status says `faulted`. The call returns when all have stopped.
 *
 * @throws what the log and the document store throw, and ReadModelsOfAnotherLog; the caller starts it again
 */
export async function runProjections(
  projections: readonly AnyProjection[],
  log: Pick<EventStore, "subscribe" | "idAt">,
  documents: DocumentStore,
  clock: Clock,
  report: (status: ProjectionStatus) => void,
  signal: AbortSignal,
  { reset = () => undefined, restRatio = 0 }: RunnerOptions = {},
): Promise<void> {
  let running = projections;
  const categories = categoriesOf(projections);
  let place = await resumePoint(projections, log, documents, reset);
  const tell = (state: "catching_up" | "live"): void => {
    const { position } = place;
    for (const { name, version } of running) report({ name, version, position, state, fault: null });
  };
  tell("catching_up");
  const moves = new CheckpointMoves(log, documents, clock, place.searchedTo);

  const pace = new PollThrottle(clock);
  let batch: RecordedEvent[] = [];
  let characters = 0;
  let indexed = false;
  for await (const message of log.subscribe({ after: place.searchedTo, ...(categories && { categories }), signal })) {
    if (message.kind === "event") {
      batch.push(message.event);
      characters += textIn(message.event.data);
      if (batch.length < BATCH_EVENTS && characters < BATCH_CHARACTERS) continue;
    }
    characters = 0;
    const begunAt = clock.now();
    const recorded = batch;
    batch = [];
    const known = running.some(readsKnown) ? recorded.map(readOrPoison) : [];
    for (const projection of running) {
      const { events, poison: unreadable } = readsKnown(projection)
        ? untilPoison(ownOf(projection, categories, known))
        : { events: ownOf(projection, categories, recorded), poison: null };
      const poison = (await foldBatch(projection, documents, events)) ?? unreadable;
      if (poison === null) continue;
      const { name, version } = projection;
      const { stream, revision, reason } = poison;
      const reached = events.findLast((event) => event.position < poison.position)?.position ?? place.position;
      report({ name, version, position: reached, state: "faulted", fault: { stream, revision, reason } });
      running = running.filter((other) => other !== projection);
    }
    if (running.length === 0) return;
    if (message.kind === "caughtUp" && !indexed) {
      for (const projection of running) await documents.prepare(collectionOf(projection));
      indexed = true;
    }
    const last = recorded.at(-1)?.position ?? null;
    place = furthestPlace(place, { position: last, searchedTo: last });
    if (message.kind === "caughtUp") place = furthestPlace(place, message);
    tell(message.kind === "caughtUp" ? "live" : "catching_up");
    if (message.kind === "caughtUp") {
      await moves.caughtUp(running, place);
      await pace.next(signal);
    } else if (restRatio > 0) {
      await pause(clock, Math.min(LONGEST_REST_MS, (clock.now() - begunAt) * restRatio), signal);
    }
  }
  await moves.finish(running, place);
}

/** Makes the collections and gives the place from which the group has to go on: the earliest of its checkpoints. */
async function resumePoint(
  projections: readonly AnyProjection[],
  log: Pick<EventStore, "idAt">,
  documents: DocumentStore,
  reset: (name: string) => void,
): Promise<ReadingPlace> {
  const places: ReadingPlace[] = [];
  for (const projection of projections) {
    let checkpoint = await documents.checkpoint(checkpointNameOf(projection));
    if (checkpoint !== null && !(await isOfThisLog(checkpoint, log))) {
      // The log was restored from a copy that is older than the documents: they tell of events that it does not have.
      if (documents.shared) throw new ReadModelsOfAnotherLog(checkpoint);
      reset(projection.name);
      await documents.drop(collectionOf(projection), checkpointNameOf(projection));
      checkpoint = null;
    }
    // Filling a model from the beginning goes faster without indexes; they are made when it has caught up.
    await documents.prepare(collectionOf(projection), checkpoint === null ? "later" : "now");
    places.push(checkpoint ?? BEGINNING);
  }
  return places.reduce(earlierPlace, places[0] ?? BEGINNING);
}

/** How many characters the texts of an event's data have: most of what it takes in memory. */
function textIn(data: unknown): number {
  if (typeof data !== "object" || data === null) return 0;
  let characters = 0;
  for (const value of Object.values(data)) if (typeof value === "string") characters += value.length;
  return characters;
}

function readsKnown(projection: AnyProjection): boolean {
  return !("reads" in projection) || projection.reads === "known";
}
