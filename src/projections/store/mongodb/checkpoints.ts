import type { Position } from "../../../events/store/position.ts";
import type { Checkpoint } from "../document-store.ts";

/** Where the checkpoints are. No read model can have this name, for the port's names hold no dot. */
export const CHECKPOINTS = "projection.checkpoints";

/** A checkpoint as MongoDB has it, under its name. */
export interface StoredCheckpoint {
  readonly _id: string;
  readonly position: Position;
  readonly event_id: string;
  /** Missing, or less than the position, where an instance of an older version wrote last. */
  readonly searched_to?: Position;
}

/** The checkpoint as the port has it. */
export function checkpointOf({ _id: name, position, event_id: eventId, searched_to }: StoredCheckpoint): Checkpoint {
  const searchedTo = searched_to !== undefined && searched_to > position ? searched_to : position;
  return { name, position, eventId, searchedTo };
}

/** The checkpoint as MongoDB has it. */
export function storedCheckpoint({ name, position, eventId, searchedTo }: Checkpoint): StoredCheckpoint {
  return { _id: name, position, event_id: eventId, searched_to: searchedTo };
}
