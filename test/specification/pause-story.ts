import { EVERYTHING } from "../../src/events/pause.ts";
import type { DeliveriesPaused, DeliveriesResumed, PauseScope } from "../../src/events/pause.ts";
import { at } from "./delivery-story.ts";

/** Pauses a scope, everything unless told otherwise, at that second. */
export function paused(seconds: number, scope: PauseScope = EVERYTHING, reason = "a bad deployment"): DeliveriesPaused {
  return { type: "DeliveriesPaused", data: { ...scope, reason, pausedAt: at(seconds) } };
}

/** Ends the pause of a scope. */
export function resumed(
  seconds: number,
  scope: PauseScope = EVERYTHING,
  reason: string | null = null,
): DeliveriesResumed {
  return { type: "DeliveriesResumed", data: { ...scope, reason, resumedAt: at(seconds) } };
}
