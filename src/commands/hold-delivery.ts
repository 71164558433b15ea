import type { Delivery, DeliveryCanceled, DeliveryFailed, DeliveryHeld, DeliveryReleased } from "../events/delivery.ts";

/** The endpoint facts that decide what happens to a delivery. */
export interface EndpointStanding {
  readonly status: "enabled" | "disabled" | "deleted";
  /** When it answered that it is gone, ISO 8601 UTC; null when it is not disabled for that. */
  readonly goneAt: string | null;
}

/**
 * What becomes of a delivery, instead of an attempt, while no attempt may be made to its endpoint: canceled when that is
 * deleted, ended when it was pending as the endpoint answered that it is gone, otherwise held. Nothing when attempts may
 * be made, when one is under way, or when it is decided already.
 *
 * @param now ISO 8601 UTC
 */
export function decideWithoutAttempt(
  delivery: Delivery | null,
  endpoint: EndpointStanding,
  now: string,
): (DeliveryCanceled | DeliveryFailed | DeliveryHeld)[] {
  if (endpoint.status === "enabled" || delivery?.status !== "PENDING" || delivery.underWay !== null) return [];
  const { deliveryId, endpointId } = delivery;
  if (endpoint.status === "deleted") {
    return [{ type: "DeliveryCanceled", data: { deliveryId, reason: "endpoint_deleted", canceledAt: now } }];
  }
  if (endpoint.goneAt !== null && delivery.requestedAt <= endpoint.goneAt) {
    return [{ type: "DeliveryFailed", data: { deliveryId, reason: "gone", failedAt: now } }];
  }
  if (delivery.held) return [];
  return [{ type: "DeliveryHeld", data: { deliveryId, endpointId, reason: "endpoint_disabled", heldAt: now } }];
}

/**
 * Lets the attempts of a held delivery go on at `dueAt`; nothing when it is not held.
 *
 * @param dueAt ISO 8601 UTC, like `now`
 */
export function decideReleaseDelivery(delivery: Delivery | null, dueAt: string, now: string): DeliveryReleased[] {
  if (delivery?.status !== "PENDING" || !delivery.held) return [];
  const { deliveryId, endpointId } = delivery;
  return [{ type: "DeliveryReleased", data: { deliveryId, endpointId, dueAt, releasedAt: now } }];
}
