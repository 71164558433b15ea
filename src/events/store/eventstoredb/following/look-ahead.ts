import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { EventReader } from "../reading/read-events.ts";

/**
 * Looks how far the log has come beyond a place (null: its beginning), for a subscription says nothing of what it leaves
 * out. Gives the end of the log, null when there is nothing, or "due" when an event of a stream with one of these prefixes
 * stands between.
 *
 * @throws StoreUnavailable also when the log ends before the place
 */
export async function lookAhead(
  reader: Pick<EventReader, "end" | "firstBehind">,
  place: Position | null,
  prefixes: readonly string[],
): Promise<Position | null | "due"> {
  const end = await reader.end();
  if (place !== null && (end === null || end.position < place)) {
    throw new StoreUnavailable("the event store's log ends before what was read of it");
  }
  if (end === null || end.position === place) return place;
  const due = await reader.firstBehind(place, prefixes);
  return due !== null && due.position <= end.position ? "due" : end.position;
}
