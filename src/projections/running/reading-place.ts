import type { Position } from "../../events/store/position.ts";

/** Up to where a reading of the log has come. */
export interface ReadingPlace {
  /** The last event that is known to be at or before it; null: none is known. */
  readonly position: Position | null;
  /** Where another reading goes on, see `SubscriptionMessage`; null: at the log's beginning. */
  readonly searchedTo: Position | null;
}

/** Where a reading begins that has nothing to go on from. */
export const BEGINNING: ReadingPlace = { position: null, searchedTo: null };

/** The place of which the reading goes on earlier: who goes on there misses nothing of either. */
export function earlierPlace(a: ReadingPlace, b: ReadingPlace): ReadingPlace {
  return isFurther(a.searchedTo, b.searchedTo) ? b : a;
}

/** The place of a reading after what the log says of its end. A log that was just begun in its middle may know less. */
export function furthestPlace(reached: ReadingPlace, told: ReadingPlace): ReadingPlace {
  const position = further(reached.position, told.position);
  return { position, searchedTo: further(further(reached.searchedTo, told.searchedTo), position) };
}

function further(a: Position | null, b: Position | null): Position | null {
  return isFurther(b, a) ? b : a;
}

function isFurther(a: Position | null, b: Position | null): boolean {
  return (a ?? "") > (b ?? "");
}
