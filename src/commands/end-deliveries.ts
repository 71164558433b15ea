import type { Endpoint, EndpointDeliveriesEnded } from "../events/endpoint.ts";

/**
 * Notes that nothing of a gone or deleted endpoint is pending any more; nothing when that was noted, or it is enabled again.
 *
 * @param now ISO 8601 UTC
 */
export function decideDeliveriesEnded(endpoint: Endpoint | null, now: string): EndpointDeliveriesEnded[] {
  if (!endpoint?.ending) return [];
  return [{ type: "EndpointDeliveriesEnded", data: { endpointId: endpoint.endpointId, endedAt: now } }];
}
