import type { Endpoint, EndpointEnabled } from "../events/endpoint.ts";
import type { OwnersCommand } from "./handling/endpoint-command.ts";

export interface EnableEndpoint extends OwnersCommand {
  /** ISO 8601 UTC */
  readonly now: string;
}

/** Lets attempts to an endpoint go on, whatever they were stopped for; nothing when they were not. */
export function decideEnableEndpoint({ endpointId, now }: EnableEndpoint, endpoint: Endpoint): EndpointEnabled[] {
  if (endpoint.status !== "disabled") return [];
  return [{ type: "EndpointEnabled", data: { endpointId, enabledAt: now } }];
}
