import type { Position } from "../../events/position.ts";

/** Where the checkpoints are. No read model can have this name, for the port's names hold no dot. */
export const CHECKPOINTS = "projection.checkpoints";

/** A checkpoint as MongoDB has it, under its name. */
export interface StoredCheckpoint {
  readonly _id: string;
  readonly position: Position;
  readonly event_id: string;
}
