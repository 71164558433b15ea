import type { EventStore } from "../../events/store/event-store.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import type { Clock } from "../../runtime/clock.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { ReadModelsUnavailable } from "../store/document-store.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { ReadingPlace } from "./reading-place.ts";

/** How often checkpoints follow a log that has no new events for the read models, in ms. */
const INTERVAL_MS = 5_000;

/**
 * Moves the checkpoints of read models that share a reading of the log, so that the next start skips events of other
 * categories. A checkpoint is only a hint, so a store that does not answer is ignored here.
 */
export class CheckpointMoves {
  readonly #log: Pick<EventStore, "idAt">;
  readonly #documents: DocumentStore;
  readonly #clock: Clock;
  #movedTo: Position | null;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** `resumedAt`: none of their checkpoints is before it. */
  constructor(log: Pick<EventStore, "idAt">, documents: DocumentStore, clock: Clock, resumedAt: Position | null) {
    this.#log = log;
    this.#documents = documents;
    this.#clock = clock;
    this.#movedTo = resumedAt;
  }

  /**
   * Call it when the reading has reached the log's end and everything is in the documents. Moves the checkpoints at
   * most every 5 s.
   */
  async caughtUp(projections: readonly AnyProjection[], place: ReadingPlace): Promise<void> {
    if (this.#clock.monotonic() - this.#triedAt < INTERVAL_MS) return;
    await this.finish(projections, place);
  }

  /** Call it when the reading ends and everything is in the documents. Takes no longer than a read of either store. */
  async finish(projections: readonly AnyProjection[], place: ReadingPlace): Promise<void> {
    if (place.searchedTo === this.#movedTo) return;
    this.#triedAt = this.#clock.monotonic();
    try {
      if (await this.#move(projections, place)) this.#movedTo = place.searchedTo;
    } catch (error) {
      if (!(error instanceof ReadModelsUnavailable) && !(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** Returns false if no event identifies the log. */
  async #move(projections: readonly AnyProjection[], { position, searchedTo }: ReadingPlace): Promise<boolean> {
    if (position === null || searchedTo === null) return false;
    const eventId = await this.#log.idAt(position);
    let moved = false;
    for (const projection of projections) {
      const name = checkpointNameOf(projection);
      // Read first: a read fails soon if the server is down, and an instance that is ahead is not set back.
      const stored = await this.#documents.checkpoint(name);
      if (stored !== null && stored.searchedTo >= searchedTo) continue;
      // A place in others' events does not identify the log, but the earlier event still does.
      const event = eventId === null ? stored : { position, eventId };
      if (event === null) continue;
      const checkpoint = { name, position: event.position, eventId: event.eventId, searchedTo };
      await this.#documents.write(collectionOf(projection), [], checkpoint);
      moved = true;
    }
    return moved;
  }
}
