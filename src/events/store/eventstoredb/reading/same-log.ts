import { LogReplaced } from "../../event-store-errors.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import type { EventReader } from "./read-events.ts";

/**
 * Checks that the log still has these events, which were read from it before. They are the log's own: other programs'
 * events may disappear without harm.
 *
 * @throws LogReplaced when one is missing
 * @throws StoreUnavailable
 */
export async function refuseAnotherLog(
  reader: Pick<EventReader, "at">,
  events: readonly (FoundEvent | null)[],
): Promise<void> {
  for (const event of events) {
    if (event === null) continue;
    if ((await reader.at(event.position))?.id !== event.id) throw new LogReplaced(event.position);
  }
}
