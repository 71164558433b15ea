/**
 * A place in the whole log. Opaque, fixed width and sortable as text: a later event has a greater position, and
 * positions need not be consecutive. Only an adapter knows its number.
 */
export type Position = string & { readonly __brand: "Position" };

/** A place in one stream, from 0, consecutive. Not a position: two streams both have a revision 0. */
export type Revision = string & { readonly __brand: "Revision" };

/** Wide enough for an unsigned 64-bit number in decimal, which is what the widest log (EventStoreDB) counts in. */
const WIDTH = 20;

function fixedWidth(value: number | bigint, what: string): string {
  if (value < 0 || (typeof value === "number" && !Number.isSafeInteger(value))) {
    throw new RangeError(`${what} must be a whole number from 0: ${value.toString()}`);
  }
  return value.toString().padStart(WIDTH, "0");
}

/** The position that an adapter's number stands for. Throws RangeError for anything but a whole number from 0. */
export function positionOf(value: number | bigint): Position {
  return fixedWidth(value, "a position") as Position;
}

/** The revision that a number stands for. Throws RangeError for anything but a whole number from 0. */
export function revisionOf(value: number | bigint): Revision {
  return fixedWidth(value, "a revision") as Revision;
}

/** The number of a revision or of an adapter's own position. Exact up to 2^53 - 1, far beyond any stream. */
export function numberOf(value: Revision | Position): number {
  return Number(value);
}

/** The revision that the next event of a stream gets, when `revision` is its last one's. */
export function nextRevision(revision: Revision): Revision {
  return revisionOf(BigInt(revision) + 1n);
}
