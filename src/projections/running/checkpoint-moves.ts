import type { EventStore } from "../../events/store/event-store.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import type { Clock } from "../../runtime/clock.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { ReadModelsUnavailable } from "../store/document-store.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { ReadingPlace } from "./reading-place.ts";

/** How often checkpoints follow a log in which nothing of the read models' own comes, in ms. */
const INTERVAL_MS = 5_000;

/**
 * Moves the checkpoints of read models that share a reading of the log, so that the next start does not look again at
 * what is none of theirs. A checkpoint is only a hint: that a store does not answer now is for those to say who need it.
 */
export class CheckpointMoves {
  readonly #log: Pick<EventStore, "idAt">;
  readonly #documents: DocumentStore;
  readonly #clock: Clock;
  #movedTo: Position | null;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** `resumedAt`: no checkpoint of theirs is behind that. */
  constructor(log: Pick<EventStore, "idAt">, documents: DocumentStore, clock: Clock, resumedAt: Position | null) {
    this.#log = log;
    this.#documents = documents;
    this.#clock = clock;
    this.#movedTo = resumedAt;
  }

  /** The reading has come to the log's end, and the documents have all of it. Moves the checkpoints at most every 5 s. */
  async caughtUp(projections: readonly AnyProjection[], place: ReadingPlace): Promise<void> {
    const now = this.#clock.now();
    // A clock that was set back holds nothing up.
    if (Math.abs(now - this.#triedAt) < INTERVAL_MS) return;
    await this.finish(projections, place);
  }

  /** The reading ends here, and the documents have all up to there. Takes no longer than a read of either store. */
  async finish(projections: readonly AnyProjection[], place: ReadingPlace): Promise<void> {
    if (place.searchedTo === this.#movedTo) return;
    this.#triedAt = this.#clock.now();
    try {
      if (await this.#move(projections, place)) this.#movedTo = place.searchedTo;
    } catch (error) {
      if (!(error instanceof ReadModelsUnavailable) && !(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** False when there is no event by which the log differs from another. */
  async #move(projections: readonly AnyProjection[], { position, searchedTo }: ReadingPlace): Promise<boolean> {
    if (position === null || searchedTo === null) return false;
    const eventId = await this.#log.idAt(position);
    let moved = false;
    for (const projection of projections) {
      const name = checkpointNameOf(projection);
      // Read first: a server that is down says so to a read soon, and an instance that is ahead is not set back.
      const stored = await this.#documents.checkpoint(name);
      if (stored !== null && stored.searchedTo >= searchedTo) continue;
      // A place among the events of others tells nothing: the event that was known before still does.
      const event = eventId === null ? stored : { position, eventId };
      if (event === null) continue;
      const checkpoint = { name, position: event.position, eventId: event.eventId, searchedTo };
      await this.#documents.write(collectionOf(projection), [], checkpoint);
      moved = true;
    }
    return moved;
  }
}
