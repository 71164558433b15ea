import type { Position as ServerPosition } from "@eventstore/db-client";
import { categoryOf } from "../event-store.ts";
import { positionOf } from "../position.ts";
import type { Position, Revision } from "../position.ts";

/**
 * The port's position for the server's. Throws RangeError when commit and prepare differ: that was so for transactions
 * over the server's old TCP protocol, which nobody of ours writes.
 */
export function placeOf({ commit, prepare }: ServerPosition): Position {
  if (commit !== prepare)
    throw new RangeError(`an event with commit position ${commit} and prepare position ${prepare}`);
  return positionOf(commit);
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

/**
 * Which streams are asked for: those of the categories, or all of them (undefined). What the server keeps for itself
 * (`$…`) and what is named otherwise than `<category>-<id>` is never part of the log.
 */
export function streamFilter(categories: readonly string[] | undefined): (stream: string) => boolean {
  return (stream) => {
    let category: string;
    try {
      category = categoryOf(stream);
    } catch {
      return false;
    }
    return categories?.includes(category) ?? true;
  };
}
