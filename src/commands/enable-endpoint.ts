import type { Endpoint, EndpointEnabled } from "../events/endpoint.ts";

/**
 * Lets attempts to an endpoint go on, whatever they were stopped for; nothing when they were not.
 *
 * @param now ISO 8601 UTC
 */
export function decideEnableEndpoint(endpoint: Endpoint, now: string): EndpointEnabled[] {
  if (endpoint.status !== "disabled") return [];
  return [{ type: "EndpointEnabled", data: { endpointId: endpoint.endpointId, enabledAt: now } }];
}
