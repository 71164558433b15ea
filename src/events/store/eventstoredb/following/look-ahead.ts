import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import type { EventReader } from "../reading/read-events.ts";

/** How often a quiet follower checks how far the log has grown, in ms; and how often while a caller waits for that. */
const CHECK_MS = 250;
const AWAITED_CHECK_MS = 20;

/** When to check again, given the time of the last check, in ms. */
export function nextCheckAt(checkedAt: number, isAwaited: boolean): number {
  return checkedAt + (isAwaited ? AWAITED_CHECK_MS : CHECK_MS);
}

/**
 * Checks how far the log has grown beyond a place (null: its beginning), because a subscription does not report what it
 * leaves out. Gives the end of the log, null for an empty log, or "due" if there is an event between in a stream with
 * one of these prefixes.
 *
 * @throws StoreUnavailable, also when the log ends before the place
 */
export async function lookAhead(
  reader: Pick<EventReader, "end" | "firstAfter">,
  place: Position | null,
  prefixes: readonly string[],
): Promise<Position | null | "due"> {
  const end = await reader.end();
  if (place !== null && (end === null || end.position < place)) {
    throw new StoreUnavailable("the event store's log ends before what was read of it");
  }
  if (end === null || end.position === place) return place;
  const due = await reader.firstAfter(place, prefixes);
  return due !== null && due.position <= end.position ? "due" : end.position;
}
