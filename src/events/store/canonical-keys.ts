import { canonicalText } from "./canonical-text.ts";

/** How an object with certain keys is written. */
export interface CanonicalKeys {
  /** As the object has them. */
  readonly keys: readonly string[];
  /** In the order of their UTF-16 code units, as the RFC wants it. */
  readonly sorted: readonly string[];
  /** What stands before the value of each sorted key: `{"a":`, then `,"b":`. */
  readonly before: readonly string[];
}

/** What is remembered: so many orders of keys, so many of them with the same first key, and none of more characters. */
const MOST = 512;
const MAX_ALIKE = 16;
const MAX_CHARACTERS = 1_024;

/** By the first key. Only ever added to, and the same for the same keys: nothing that is written depends on it. */
const remembered = new Map<string, CanonicalKeys[]>();
let count = 0;

/**
 * How an object with these keys, one or more, is written. It is remembered: events of a type have the same keys in the
 * same order, and sorting and quoting them costs as much as all the rest of an event.
 *
 * @throws RangeError for a key with a lone surrogate
 */
export function canonicalKeys(keys: readonly string[]): CanonicalKeys {
  const first = keys[0] ?? "";
  const alike = remembered.get(first);
  if (alike !== undefined) for (const known of alike) if (isSame(known.keys, keys)) return known;
  // Without a comparison of its own, sort goes by UTF-16 code units.
  const sorted = keys.toSorted();
  const before = sorted.map((key, index) => `${index === 0 ? "{" : ","}${canonicalText(key)}:`);
  const made = { keys, sorted, before };
  if (count < MOST && (alike?.length ?? 0) < MAX_ALIKE && charactersOf(keys) <= MAX_CHARACTERS) {
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
