import type { AttemptUnderWay, Delivery, DeliveryAttemptReleased } from "../events/delivery.ts";
import { isUnderWay } from "./record-attempt.ts";

/**
 * Gives a claim back whose attempt could not be made for a reason of our own; nothing when it is no longer under way.
 *
 * @param reason for the log, in words; no address and no secret
 * @param now ISO 8601 UTC
 */
export function decideReleaseAttempt(
  attempt: AttemptUnderWay,
  delivery: Delivery | null,
  reason: string,
  now: string,
): DeliveryAttemptReleased[] {
  if (delivery === null || !isUnderWay(attempt, delivery)) return [];
  const { number, round } = attempt;
  const data = { deliveryId: delivery.deliveryId, number, round, reason, releasedAt: now };
  return [{ type: "DeliveryAttemptReleased", data }];
}
