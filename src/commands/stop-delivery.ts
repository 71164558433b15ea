import type { Delivery, DeliveryCanceled, DeliveryFailed, DeliveryHeld } from "../events/delivery.ts";
import type { EndpointStatus } from "../events/endpoint-terms.ts";

/** The endpoint facts that decide what happens to a delivery. */
export interface EndpointStanding {
  readonly status: EndpointStatus;
  /** When it answered that it is gone, ISO 8601 UTC; null when it is not disabled for that. */
  readonly goneAt: string | null;
  /** Whether a pause keeps attempts from it. */
  readonly paused: boolean;
}

export interface StopDelivery {
  readonly deliveryId: string;
  readonly endpoint: EndpointStanding;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * What becomes of a delivery, instead of an attempt, while no attempt may be made to its endpoint: canceled when that is
 * deleted, ended when it was pending as the endpoint answered that it is gone, otherwise held. Nothing when attempts may
 * be made, when one is under way, or when it is decided already.
 */
export function decideStopDelivery(
  { deliveryId, endpoint, now }: StopDelivery,
  delivery: Delivery | null,
): (DeliveryCanceled | DeliveryFailed | DeliveryHeld)[] {
  const stopped = endpoint.status !== "enabled" || endpoint.paused;
  if (!stopped || delivery?.status !== "PENDING" || delivery.underWay !== null) return [];
  if (endpoint.status === "deleted") {
    return [{ type: "DeliveryCanceled", data: { deliveryId, reason: "endpoint_deleted", canceledAt: now } }];
  }
  if (endpoint.goneAt !== null && delivery.requestedAt <= endpoint.goneAt) {
    return [{ type: "DeliveryFailed", data: { deliveryId, reason: "gone", failedAt: now } }];
  }
  if (delivery.held) return [];
  const { endpointId } = delivery;
  const reason = endpoint.status === "disabled" ? "endpoint_disabled" : "paused";
  return [{ type: "DeliveryHeld", data: { deliveryId, endpointId, reason, heldAt: now } }];
}
