import type { Delivery, DeliveryReleased } from "../events/delivery.ts";

export interface ReleaseDelivery {
  readonly deliveryId: string;
  /** When its attempts go on, ISO 8601 UTC. */
  readonly dueAt: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** Lets the attempts of a held delivery go on; nothing when it is not held. */
export function decideReleaseDelivery(
  { deliveryId, dueAt, now }: ReleaseDelivery,
  delivery: Delivery | null,
): DeliveryReleased[] {
  if (delivery?.status !== "PENDING" || !delivery.held) return [];
  const { endpointId } = delivery;
  return [{ type: "DeliveryReleased", data: { deliveryId, endpointId, dueAt, releasedAt: now } }];
}
