import type { Endpoint, EndpointDisabled } from "../events/endpoint.ts";
import type { DisablingReason } from "../events/endpoint-terms.ts";
import type { OwnersCommand } from "./handling/endpoint-command.ts";

export interface DisableEndpoint extends OwnersCommand {
  readonly reason: DisablingReason;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * Stops the attempts to an endpoint; nothing when they are stopped already. That it is gone is said also of one that was
 * disabled for another reason, since then what is pending has to end.
 */
export function decideDisableEndpoint(
  { endpointId, reason, now }: DisableEndpoint,
  endpoint: Endpoint,
): EndpointDisabled[] {
  const isChange = reason === "gone" && endpoint.disabledReason !== "gone";
  if (endpoint.status === "disabled" && !isChange) return [];
  return [{ type: "EndpointDisabled", data: { endpointId, reason, disabledAt: now } }];
}
