import type { Position as ServerPosition } from "@eventstore/db-client";
import { categoryOf } from "../event-store.ts";
import { positionOf } from "../position.ts";
import type { Position, Revision } from "../position.ts";

/** Whether a place of the server is that of an event, and not one between two events. */
export function isEventPlace({ commit, prepare }: ServerPosition): boolean {
  return commit === prepare;
}

/**
 * The port's position for the server's. Throws RangeError when commit and prepare differ: that was so for transactions
 * over the server's old TCP protocol, which nobody of ours writes.
 */
export function placeOf(place: ServerPosition): Position {
  if (!isEventPlace(place)) {
    throw new RangeError(`a place with commit position ${place.commit} and prepare position ${place.prepare}`);
  }
  return positionOf(place.commit);
}

/** The server's position for the port's. */
export function serverPlaceOf(position: Position): ServerPosition {
  const place = BigInt(position);
  return { commit: place, prepare: place };
}

/** The server's revision for the port's. */
export function serverRevisionOf(revision: Revision): bigint {
  return BigInt(revision);
}

/** Whether the stream is part of the log: named `<category>-<id>`, and not one that the server keeps for itself (`$…`). */
export function isLogStream(stream: string): boolean {
  return categoryIn(stream) !== null;
}

/** Which streams are asked for: those of the categories, or all that are part of the log (undefined). */
export function streamFilter(categories: readonly string[] | undefined): (stream: string) => boolean {
  return (stream) => {
    const category = categoryIn(stream);
    return category !== null && (categories?.includes(category) ?? true);
  };
}

function categoryIn(stream: string): string | null {
  try {
    return categoryOf(stream);
  } catch {
    return null;
  }
}
