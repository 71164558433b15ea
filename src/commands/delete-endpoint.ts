import { endpointStream } from "../events/endpoint.ts";
import type { Endpoint, EndpointDeleted } from "../events/endpoint.ts";
import type { CommandContext } from "./handling/command-context.ts";
import type { Handled } from "./handling/command-handler.ts";
import { handleEndpointCommand } from "./handling/endpoint-command.ts";
import type { StreamStore } from "./handling/stream-store.ts";
import { endpointUrlReservation } from "./uniqueness/endpoint-url.ts";
import { release } from "./uniqueness/reservations.ts";

/** @param now ISO 8601 UTC */
export function decideDeleteEndpoint(endpoint: Endpoint, now: string): EndpointDeleted[] {
  return [{ type: "EndpointDeleted", data: { endpointId: endpoint.endpointId, deletedAt: now } }];
}

/**
 * Deletes an endpoint for good, and frees its URL. When the process dies between the two, whoever wants the URL takes it
 * over.
 *
 * @param secret names the streams of reservations
 * @throws CommandRefused `endpoint_not_found` or `endpoint_access_denied`
 * @throws whatever the store throws
 */
export async function deleteEndpoint(
  store: StreamStore,
  { endpointId, userId, now }: { readonly endpointId: number; readonly userId: number; readonly now: string },
  secret: Uint8Array,
  context: CommandContext,
): Promise<Handled<Endpoint, EndpointDeleted>> {
  const decide = (endpoint: Endpoint): EndpointDeleted[] => decideDeleteEndpoint(endpoint, now);
  const handled = await handleEndpointCommand(store, endpointId, userId, decide, context);
  if (handled.state !== null) {
    const { stream } = endpointUrlReservation(userId, handled.state.url, secret);
    await release(store, stream, endpointStream(endpointId), now, context);
  }
  return handled;
}
