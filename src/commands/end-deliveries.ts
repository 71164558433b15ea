import type { Endpoint, EndpointDeliveriesEnded } from "../events/endpoint.ts";

export interface EndDeliveries {
  readonly endpointId: number;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * Notes that nothing of a gone or deleted endpoint is pending any more; nothing when that was noted, or it is enabled again.
 */
export function decideEndDeliveries(
  { endpointId, now }: EndDeliveries,
  endpoint: Endpoint | null,
): EndpointDeliveriesEnded[] {
  if (!endpoint?.ending) return [];
  return [{ type: "EndpointDeliveriesEnded", data: { endpointId, endedAt: now } }];
}
