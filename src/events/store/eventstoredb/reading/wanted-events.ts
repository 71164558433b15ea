import type { RecordedEvent } from "../../event-store.ts";
import type { Position } from "../../position.ts";
import { streamFilter } from "../stream-names.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";

/** Which events of a scan the reader asked for. */
export interface Wanted {
  /** The last place, inclusive. */
  readonly until: Position;
  /** Only these categories; undefined: all. */
  readonly categories: readonly string[] | undefined;
  /** The most events to give, at least 1. */
  readonly limit: number;
}

/**
 * Filters a scan of the log.
 *
 * @returns true when it gave everything that was asked for, false when the scan ended before
 * @throws what the scan throws
 */
export async function* wantedEvents(
  scan: AsyncIterable<readonly FoundEvent[]>,
  { until, categories, limit }: Wanted,
): AsyncGenerator<RecordedEvent, boolean> {
  const isWanted = streamFilter(categories);
  let remaining = limit;
  for await (const found of scan) {
    for (const event of found) {
      if (event.position > until) return true;
      if (event.stream === null || !isWanted(event.stream)) continue;
      yield event.recorded();
      remaining -= 1;
      if (remaining <= 0) return true;
    }
  }
  return false;
}
