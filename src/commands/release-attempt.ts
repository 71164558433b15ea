import type { Delivery, DeliveryAttemptReleased } from "../events/delivery.ts";

/**
 * Gives a claim back whose attempt could not be made for a reason of our own; nothing when no attempt is under way.
 *
 * @param reason for the log, in words; no address and no secret
 * @param now ISO 8601 UTC
 */
export function decideReleaseAttempt(
  delivery: Delivery | null,
  reason: string,
  now: string,
): DeliveryAttemptReleased[] {
  if (delivery?.underWay == null) return [];
  const { number, round } = delivery.underWay;
  const data = { deliveryId: delivery.deliveryId, number, round, reason, releasedAt: now };
  return [{ type: "DeliveryAttemptReleased", data }];
}
