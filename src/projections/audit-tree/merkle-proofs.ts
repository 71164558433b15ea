import { splitOf } from "./merkle-tree.ts";

/** Part of a proof: the node over the leaves from `start` (inclusive) to `end` (exclusive). */
export interface ProofPart {
  readonly start: number;
  readonly end: number;
}

/**
 * The nodes that prove that leaf `index` is in the tree of `size` leaves, from the leaf upwards (RFC 6962, section
 * 2.1.1). Throws RangeError when there is no such leaf.
 */
export function inclusionParts(index: number, size: number): ProofPart[] {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const parts: ProofPart[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      parts.unshift({ start: middle, end });
      end = middle;
    } else {
      parts.unshift({ start, end: middle });
      start = middle;
    }
  }
  return parts;
}

/**
 * The nodes that prove that the tree of `to` leaves begins with the tree of `from` leaves (RFC 6962, section 2.1.2);
 * empty if both are the same. Throws RangeError unless 0 < from <= to.
 */
export function consistencyParts(from: number, to: number): ProofPart[] {
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from > 0 && from <= to)) {
    throw new RangeError(`a tree of ${to} leaves cannot begin with one of ${from}`);
  }
  const parts: ProofPart[] = [];
  let [start, end] = [0, to];
  while (from !== end) {
    const middle = start + splitOf(end - start);
    if (from <= middle) {
      parts.unshift({ start: middle, end });
      end = middle;
    } else {
      parts.unshift({ start, end: middle });
      start = middle;
    }
  }
  // If the old tree is a node of the new one, the client already has its hash.
  if (start > 0) parts.unshift({ start, end });
  return parts;
}
