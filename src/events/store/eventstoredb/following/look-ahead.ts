import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { EventReader } from "../reading/read-events.ts";

/** How often a follower looks how far the log has come while nothing comes, in ms; and while somebody waits for that. */
const LOOK_MS = 250;
const WAITED_FOR_LOOK_MS = 20;

/** When to look again, given when the last look was, in ms. */
export function nextLookAt(lookedAt: number, someoneWaits: boolean): number {
  return lookedAt + (someoneWaits ? WAITED_FOR_LOOK_MS : LOOK_MS);
}

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
