import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
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
import type { ProjectionStatus, ReportProjection } from "./projection-report.ts";
import { BEGINNING, earlierPlace, furthestPlace } from "./reading-place.ts";
import type { ReadingPlace } from "./reading-place.ts";

/** The most events that are folded and written together; bounds memory. */
const BATCH_EVENTS = 4_000;
/** The most characters of payload and other text in a batch, for the same reason. */
const BATCH_CHARACTERS = 16 * 1024 * 1024;

/** What runners work on, and where they report. */
export interface RunnerContext {
  readonly log: Pick<EventStore, "subscribe" | "idAt">;
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly report: ReportProjection;
}

/** The longest rest after a batch, in ms. */
const LONGEST_REST_MS = 2_000;

/**
 * Keeps read models up with the log until the signal aborts. It reads a batch once, and folds it into each model,
 * giving each the events of its own categories. Replays, crashes and concurrent runners do no harm (see `foldBatch`),
 * so the group resumes at its earliest checkpoint. The checkpoints follow the log's end even when there are no events
 * for the group, and stay there when the signal aborts.
 *
 * An event that a projection cannot read or fold stops that projection only: everything before it is written, and its
 * status is `faulted`. The call returns when all have stopped.
 *
 * @param restRatio how long to rest after each batch while catching up, as a multiple of the batch's duration
 * @throws what the log and the document store throw, and ReadModelsOfAnotherLog; the caller starts it again
 */
export async function runProjections(
  projections: readonly AnyProjection[],
  { log, documents, clock, report }: RunnerContext,
  signal: AbortSignal,
  restRatio = 0,
): Promise<void> {
  const reportStatus = (status: ProjectionStatus): void => report({ kind: "status", status });
  let running = projections;
  const categories = categoriesOf(projections);
  let place = await resumePoint(projections, log, documents, report);
  const reportState = (state: "catching_up" | "live"): void => {
    const { position } = place;
    for (const { name, version } of running) reportStatus({ name, version, position, state, fault: null });
  };
  reportState("catching_up");
  const moves = new CheckpointMoves(log, documents, clock, place.searchedTo);

  const throttle = new PollThrottle(clock);
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
    const begunAt = clock.monotonic();
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
      reportStatus({ name, version, position: reached, state: "faulted", fault: { stream, revision, reason } });
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
    reportState(message.kind === "caughtUp" ? "live" : "catching_up");
    if (message.kind === "caughtUp") {
      await moves.caughtUp(running, place);
      await throttle.next(signal, clock.monotonic() - begunAt);
    } else if (restRatio > 0) {
      await pause(clock, Math.min(LONGEST_REST_MS, (clock.monotonic() - begunAt) * restRatio), signal);
    }
  }
  await moves.finish(running, place);
}

/** Creates the collections. Returns the place where the group resumes: the earliest of its checkpoints. */
async function resumePoint(
  projections: readonly AnyProjection[],
  log: Pick<EventStore, "idAt">,
  documents: DocumentStore,
  report: ReportProjection,
): Promise<ReadingPlace> {
  const places: ReadingPlace[] = [];
  for (const projection of projections) {
    let checkpoint = await documents.checkpoint(checkpointNameOf(projection));
    if (checkpoint !== null && !(await isOfThisLog(checkpoint, log))) {
      // The log was restored from a copy older than the documents, which contain events that it does not have.
      if (documents.shared) throw new ReadModelsOfAnotherLog(checkpoint);
      const reason = `${projection.name} came from another log, or from a later state of this one`;
      report({ kind: "reset", name: projection.name, reason });
      await documents.drop(collectionOf(projection), checkpointNameOf(projection));
      checkpoint = null;
    }
    // The first fill is faster without indexes; they are created when the model has caught up.
    await documents.prepare(collectionOf(projection), checkpoint === null ? "later" : "now");
    places.push(checkpoint ?? BEGINNING);
  }
  return places.reduce(earlierPlace, places[0] ?? BEGINNING);
}

/** The number of characters in the texts of an event's data, which is most of its size in memory. */
function textIn(data: unknown): number {
  if (typeof data !== "object" || data === null) return 0;
  let characters = 0;
  for (const value of Object.values(data)) if (typeof value === "string") characters += value.length;
  return characters;
}

function readsKnown(projection: AnyProjection): boolean {
  return !("reads" in projection) || projection.reads === "known";
}
