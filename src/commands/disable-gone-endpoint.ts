import type { Endpoint, EndpointDisabled } from "../events/endpoint.ts";
import { decideDisableEndpoint } from "./disable-endpoint.ts";

export interface DisableGoneEndpoint {
  readonly endpointId: number;
  /** The one that gave this answer. */
  readonly url: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * Stops the attempts to an endpoint that answered 410 (RFC 9110, section 15.5.11); nothing when its URL is another by now
 * than the one that gave this answer.
 */
export function decideDisableGoneEndpoint(
  { endpointId, url, now }: DisableGoneEndpoint,
  endpoint: Endpoint,
): EndpointDisabled[] {
  return endpoint.url === url ? decideDisableEndpoint({ endpointId, reason: "gone", now }, endpoint) : [];
}
