/**
 * A place in the whole log. Opaque, of fixed width and sortable as text: a later event has a greater position, and
 * positions may have gaps. Only an adapter knows its number.
 */
export type Position = string & { readonly __brand: "Position" };

/** A place in one stream, counted from 0 without gaps. Not a position: every stream has a revision 0. */
export type Revision = string & { readonly __brand: "Revision" };

/** Wide enough for an unsigned 64-bit number in decimal, the widest that a log (EventStoreDB) uses. */
const WIDTH = 20;

function fixedWidth(value: number | bigint, what: string): string {
  if (value < 0 || (typeof value === "number" && !Number.isSafeInteger(value))) {
    throw new RangeError(`${what} must be a whole number from 0: ${value.toString()}`);
  }
  return value.toString().padStart(WIDTH, "0");
}

/** The position for an adapter's number. Throws RangeError for anything but a whole number from 0. */
export function positionOf(value: number | bigint): Position {
  return fixedWidth(value, "a position") as Position;
}

/** The revision for a number. Throws RangeError for anything but a whole number from 0. */
export function revisionOf(value: number | bigint): Revision {
  return fixedWidth(value, "a revision") as Revision;
}

/** The number of a revision, or of an adapter's own position. Exact up to 2^53 - 1, far beyond any stream. */
export function numberOf(value: Revision | Position): number {
  return Number(value);
}

/** The revision of the event that follows a stream's last `revision`. */
export function nextRevision(revision: Revision): Revision {
  return revisionOf(BigInt(revision) + 1n);
}
