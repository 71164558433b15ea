import { canonicalText } from "./canonical-text.ts";

/** How an object with given keys is written. */
export interface CanonicalKeys {
  /** In the object's order. */
  readonly keys: readonly string[];
  /** In the order of their UTF-16 code units (RFC 8785, section 3.2.3). */
  readonly sorted: readonly string[];
  /** The text before the value of each sorted key: `{"a":`, then `,"b":`. */
  readonly before: readonly string[];
}

/** Limits of the cache: key orders in all, key orders with the same first key, and characters in one key order. */
const MAX_ORDERS = 512;
const MAX_ALIKE = 16;
const MAX_CHARACTERS = 1_024;

/** By the first key. Entries are only added and depend on the keys alone, so the cache never changes the output. */
const remembered = new Map<string, CanonicalKeys[]>();
let count = 0;

/**
 * How an object with these keys (at least one) is written. Cached, because events of one type have the same keys in the
 * same order, and sorting and quoting them costs as much as the rest of the event.
 *
 * @throws RangeError for a key with a lone surrogate
 */
export function canonicalKeys(keys: readonly string[]): CanonicalKeys {
  const first = keys[0] ?? "";
  const alike = remembered.get(first);
  if (alike !== undefined) for (const known of alike) if (isSame(known.keys, keys)) return known;
  // Without a comparison function, sort compares UTF-16 code units.
  const sorted = keys.toSorted();
  const before = sorted.map((key, index) => `${index === 0 ? "{" : ","}${canonicalText(key)}:`);
  const made = { keys, sorted, before };
  if (count < MAX_ORDERS && (alike?.length ?? 0) < MAX_ALIKE && charactersOf(keys) <= MAX_CHARACTERS) {
    count += 1;
    if (alike === undefined) remembered.set(first, [made]);
    else alike.push(made);
  }
  return made;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = some.length - 1; index >= 0; index -= 1) if (some[index] !== others[index]) return false;
  return true;
}

function charactersOf(keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + key.length, 0);
}
