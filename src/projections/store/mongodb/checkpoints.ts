import type { Position } from "../../../events/store/position.ts";
import type { Checkpoint } from "../document-store.ts";

/** The collection of the checkpoints. No read model can have this name, because the port's names have no dots. */
export const CHECKPOINTS = "projection.checkpoints";

/** A checkpoint as stored in MongoDB, with its name as the id. */
export interface StoredCheckpoint {
  readonly _id: string;
  readonly position: Position;
  readonly event_id: string;
  /** Missing, or less than the position, if an instance of an older version wrote last. */
  readonly searched_to?: Position;
}

/** The port's form of a stored checkpoint. */
export function checkpointOf({ _id: name, position, event_id: eventId, searched_to }: StoredCheckpoint): Checkpoint {
  const searchedTo = searched_to !== undefined && searched_to > position ? searched_to : position;
  return { name, position, eventId, searchedTo };
}

/** The stored form of a checkpoint. */
export function storedCheckpoint({ name, position, eventId, searchedTo }: Checkpoint): StoredCheckpoint {
  return { _id: name, position, event_id: eventId, searched_to: searchedTo };
}
