import { LRUCache } from "lru-cache";

/** A map that forgets: see `boundedMap`. */
export type BoundedMap<Key extends string | number, Value extends object> = LRUCache<Key, Value>;

/**
 * A map of at most so many entries. One more takes the place of the entry whose last use is the longest ago: `get` and `set` use an
 * entry, `peek` does not.
 *
 * It counts entries as sizes, since with `max` the library takes the memory for all of them at once: a megabyte and 10 ms for
 * 50,000, which an idle gateway never fills.
 */
export function boundedMap<Key extends string | number, Value extends object>(
  maxEntries: number,
): BoundedMap<Key, Value> {
  return new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
}
