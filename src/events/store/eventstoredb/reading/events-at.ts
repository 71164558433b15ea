import type { RecordedEvent } from "../../event-store.ts";
import type { Position } from "../../position.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import type { EventReader } from "./read-events.ts";

/** How many events are read at a time: those under way, and those that wait to be taken. */
const READS_AHEAD = 16;

/**
 * The log's events at these positions, in the order of the positions; one that no event has is passed over. Each is a read
 * of its own, begun before the one ahead of it has ended.
 *
 * @throws StoreUnavailable, UnreadableEvent
 */
export async function* eventsAt(
  reader: Pick<EventReader, "at">,
  positions: readonly Position[],
): AsyncGenerator<RecordedEvent> {
  const begun: Promise<FoundEvent | null>[] = [];
  for (let taken = 0; taken < positions.length; taken++) {
    for (const position of positions.slice(taken + begun.length, taken + READS_AHEAD)) {
      const read = reader.at(position);
      // It is awaited later, or, once another failed, never.
      read.catch(() => undefined);
      begun.push(read);
    }
    const event = (await begun.shift()) ?? null;
    if (event !== null && event.stream !== null) yield event.recorded();
  }
}
