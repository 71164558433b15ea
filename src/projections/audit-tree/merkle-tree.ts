import { hash } from "node:crypto";

/** The 32 bytes of a SHA-256 hash. */
export type Hash = Buffer;

/** How many bytes a hash has. */
export const HASH_BYTES = 32;

/** As one text that becomes a buffer of the pool: five times as fast as a hash that gets memory of its own. */
function sha256(content: string | Uint8Array): Hash {
  return Buffer.from(hash("sha256", content, "binary"), "latin1");
}

/** The root of a tree without leaves (RFC 6962, section 2.1). */
export const EMPTY_ROOT: Hash = sha256("");

/** The hash of a leaf with this content, as UTF-8 (RFC 6962, section 2.1). The first byte tells a leaf from a node. */
export function leafHash(content: string): Hash {
  return sha256(`\u0000${content}`);
}

/** What a node is hashed from: 1, left, right. Used again each time, since there is a node for every leaf. */
const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The hash of an inner node over its two children (RFC 6962, section 2.1). */
export function nodeHash(left: Hash, right: Hash): Hash {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/**
 * The root over these hashes in their order. They are the leaves of a tree, or perfect subtrees of one size with perhaps
 * a smaller one as the last: the tree is the same, for whatever stands alone at the right is carried up as it is.
 */
export function rootOf(hashes: readonly Hash[]): Hash {
  let row = hashes;
  while (row.length > 1) {
    const above: Hash[] = [];
    for (let at = 0; at < row.length; at += 2) {
      const [left, right] = [row[at] as Hash, row[at + 1]];
      above.push(right === undefined ? left : nodeHash(left, right));
    }
    row = above;
  }
  return row[0] ?? EMPTY_ROOT;
}

/** A perfect subtree: the leaves from `index * 2^level` on, `2^level` of them. Level 0 is the leaves themselves. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/**
 * The perfect subtrees that together hold the leaves from `start` (inclusive) to `end` (exclusive), from left to right and
 * each smaller than the one before it, when `start` is where a node over this range begins, as in every part of a proof.
 */
export function subtreesOf(start: number, end: number): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    // The largest that begins here and does not reach beyond the end. No shifts: sizes may pass 2^31.
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/** The hash over adjoining subtrees that `subtreesOf` gave: the right ones are the smaller, and are joined first. */
export function joined(hashes: readonly Hash[]): Hash {
  const last = hashes.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** How many of `count` leaves are in the left half: the largest power of 2 below `count`, which must be above 1. */
export function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}
