import { HttpError } from "../errors.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";

/** One requested page of a list. */
export interface Page<P> {
  /** The place after which it begins; null: the list's beginning. */
  readonly after: P | null;
  /** How many items to find: one more than is shown, to see whether another page follows. */
  readonly wanted: number;
  /** `{"data":[…],"next_cursor":…}` of the items found; `next_cursor` is null on the last page. */
  reply<T>(found: readonly T[], shown: (item: T) => object, placeOf: (item: T) => P): object;
  /** `{"data":[…],"next_cursor":…}` of a page whose items are all shown; `next`: after which place the next one begins. */
  partOf(shown: readonly object[], next: P | null): object;
}

/**
 * Opens the requested page of a list.
 *
 * @typeParam P the values that the list is ordered by
 * @param scope what the list shows, of whom and with which filters: a cursor is valid only for this
 * @param key authenticates cursors
 * @throws HttpError 400 when the cursor does not belong to this list
 */
export function openPage<P>(
  { limit, cursor }: { readonly limit: number; readonly cursor: string | null },
  scope: readonly unknown[],
  key: Uint8Array,
): Page<P> {
  const scopeText = JSON.stringify(scope);
  const after = cursor === null ? null : (decodeCursor(cursor, scopeText, key) as P | null);
  if (cursor !== null && after === null) {
    const errors = ["cursor must be the next_cursor of an earlier page with the same filters"];
    throw new HttpError("invalid_request", { errors });
  }
  const cursorOf = (place: P | null): string | null => place && encodeCursor(place, scopeText, key);
  return {
    after,
    wanted: limit + 1,
    reply(found, shown, placeOf) {
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { data: page.map(shown), next_cursor: cursorOf(last === undefined ? null : placeOf(last)) };
    },
    partOf: (shown, next) => ({ data: shown, next_cursor: cursorOf(next) }),
  };
}
