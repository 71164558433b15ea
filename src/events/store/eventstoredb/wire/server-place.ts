import type { Position as ServerPlace } from "@eventstore/db-client";
import { positionOf } from "../../position.ts";
import type { Position, Revision } from "../../position.ts";

/** The server's value for "nothing so far", up to 24.10.4: minus one, read as an unsigned number. */
const NOTHING_SO_FAR = 2n ** 64n - 1n;

/**
 * The place of a server's checkpoint; null if it says "nothing so far". Resume there with both numbers: there may be an
 * event that was searched, or none yet (23.10 and 25.0.0 give the end of the searched part, where the next event
 * begins).
 */
export function checkpointOf(commit: string, prepare: string): ServerPlace | null {
  const place = { commit: BigInt(commit), prepare: BigInt(prepare) };
  return place.commit === NOTHING_SO_FAR || place.prepare === NOTHING_SO_FAR ? null : place;
}

/**
 * The port's position for the server's. Throws RangeError when commit and prepare differ, as they did for transactions
 * over the server's old TCP protocol, which the gateway does not use.
 */
export function placeOf({ commit, prepare }: ServerPlace): Position {
  if (commit !== prepare)
    throw new RangeError(`a place with commit position ${commit} and prepare position ${prepare}`);
  return positionOf(commit);
}

/** The server's position for the port's. */
export function serverPlaceOf(position: Position): ServerPlace {
  const place = BigInt(position);
  return { commit: place, prepare: place };
}

/** The server's revision for the port's. */
export function serverRevisionOf(revision: Revision): bigint {
  return BigInt(revision);
}
