import { LogReplaced } from "../../event-store-errors.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import type { EventReader } from "./read-events.ts";

/**
 * Looks whether the log still has these events, which were read from it before. They are its own: of those that others
 * wrote any may be gone without harm.
 *
 * @throws LogReplaced when it has not
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
