import type { DeliveriesPaused, Pause, PauseScope } from "../events/pause.ts";

export interface PauseDeliveries {
  readonly scope: PauseScope;
  /** Why, in the operator's words. */
  readonly reason: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** Begins no more attempts in the scope; nothing when it is paused already: its first reason and time stay. */
export function decidePauseDeliveries(
  { scope, reason, now }: PauseDeliveries,
  pause: Pause | null,
): DeliveriesPaused[] {
  if (pause?.inForce === true) return [];
  return [{ type: "DeliveriesPaused", data: { ...scope, reason, pausedAt: now } }];
}
