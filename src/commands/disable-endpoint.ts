import type { DisablingReason, Endpoint, EndpointDisabled } from "../events/endpoint.ts";

/**
 * Stops the attempts to an endpoint; nothing when they are stopped already. That it is gone is said also of one that was
 * disabled for another reason, since then what is pending has to end.
 *
 * @param now ISO 8601 UTC
 */
export function decideDisableEndpoint(endpoint: Endpoint, reason: DisablingReason, now: string): EndpointDisabled[] {
  const isChange = reason === "gone" && endpoint.disabledReason !== "gone";
  if (endpoint.status === "disabled" && !isChange) return [];
  return [{ type: "EndpointDisabled", data: { endpointId: endpoint.endpointId, reason, disabledAt: now } }];
}

/**
 * Stops the attempts to an endpoint that answered 410 (RFC 9110, section 15.5.11); nothing when its URL is another by now
 * than the one that gave this answer.
 *
 * @param now ISO 8601 UTC
 */
export function decideOnGone(
  endpoint: Endpoint,
  answered: { readonly url: string; readonly now: string },
): EndpointDisabled[] {
  return endpoint.url === answered.url ? decideDisableEndpoint(endpoint, "gone", answered.now) : [];
}
