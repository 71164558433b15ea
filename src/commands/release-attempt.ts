import type { AttemptUnderWay, Delivery, DeliveryAttemptReleased } from "../events/delivery.ts";
import { isUnderWay } from "./record-attempt.ts";

export interface ReleaseAttempt {
  readonly deliveryId: string;
  /** The claim. */
  readonly attempt: AttemptUnderWay;
  /** For the log, in words; no address and no secret. */
  readonly reason: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** Gives a claim back whose attempt could not be made for a reason of our own; nothing when it is no longer under way. */
export function decideReleaseAttempt(
  { deliveryId, attempt, reason, now }: ReleaseAttempt,
  delivery: Delivery | null,
): DeliveryAttemptReleased[] {
  if (delivery === null || !isUnderWay(attempt, delivery)) return [];
  const { number, round } = attempt;
  return [{ type: "DeliveryAttemptReleased", data: { deliveryId, number, round, reason, releasedAt: now } }];
}
