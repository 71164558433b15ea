import type { Position } from "../../events/store/position.ts";

/** How far a reading of the log has come. */
export interface ReadingPlace {
  /** The last event known to be at or before it; null: none is known. */
  readonly position: Position | null;
  /** Where another reading resumes, see `SubscriptionMessage`; null: at the log's beginning. */
  readonly searchedTo: Position | null;
}

/** The start of a reading that has nothing to resume from. */
export const BEGINNING: ReadingPlace = { position: null, searchedTo: null };

/** The earlier of two places: a reading that resumes there misses nothing of either. */
export function earlierPlace(a: ReadingPlace, b: ReadingPlace): ReadingPlace {
  return isFurther(a.searchedTo, b.searchedTo) ? b : a;
}

/**
 * The further place of a reading and of the log's own report, which may be less far right after it began in the middle.
 */
export function furthestPlace(reached: ReadingPlace, reported: ReadingPlace): ReadingPlace {
  const position = further(reached.position, reported.position);
  return { position, searchedTo: further(further(reached.searchedTo, reported.searchedTo), position) };
}

function further(a: Position | null, b: Position | null): Position | null {
  return isFurther(b, a) ? b : a;
}

function isFurther(a: Position | null, b: Position | null): boolean {
  return (a ?? "") > (b ?? "");
}
