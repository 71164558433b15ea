import type { DeliveriesResumed, Pause, PauseScope } from "../events/pause.ts";

export interface ResumeDeliveries {
  readonly scope: PauseScope;
  /** Why, in the operator's words; null when none was given. */
  readonly reason: string | null;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** Ends the pause of the scope; nothing when it is not paused. */
export function decideResumeDeliveries(
  { scope, reason, now }: ResumeDeliveries,
  pause: Pause | null,
): DeliveriesResumed[] {
  if (pause?.inForce !== true) return [];
  return [{ type: "DeliveriesResumed", data: { ...scope, reason, resumedAt: now } }];
}
