import { endpointStream } from "../events/endpoint.ts";
import type { Endpoint, EndpointDeleted } from "../events/endpoint.ts";
import type { CommandContext } from "./handling/command-context.ts";
import type { Handled } from "./handling/command-handler.ts";
import { handleEndpointCommand } from "./handling/endpoint-command.ts";
import type { OwnersCommand } from "./handling/endpoint-command.ts";
import type { StreamStore } from "../events/store/event-store.ts";
import { endpointUrlReservation } from "./uniqueness/endpoint-url.ts";
import { release } from "./uniqueness/reservations.ts";

export interface DeleteEndpoint extends OwnersCommand {
  /** ISO 8601 UTC */
  readonly now: string;
}

/** Deletes an endpoint, whether attempts to it are stopped or not. */
export function decideDeleteEndpoint({ now }: DeleteEndpoint, { endpointId }: Endpoint): EndpointDeleted[] {
  return [{ type: "EndpointDeleted", data: { endpointId, deletedAt: now } }];
}

/**
 * Deletes an endpoint for good, and frees its URL. When the process dies between the two, whoever wants the URL takes it
 * over.
 *
 * @param userId whose it has to be
 * @param secret names the streams of reservations
 * @throws CommandRefused `endpoint_not_found` or `endpoint_access_denied`
 * @throws whatever the store throws
 */
export async function deleteEndpoint(
  store: StreamStore,
  command: DeleteEndpoint,
  userId: number,
  secret: Uint8Array,
  context: CommandContext,
): Promise<Handled<Endpoint, EndpointDeleted>> {
  const handled = await handleEndpointCommand(store, decideDeleteEndpoint, command, userId, context);
  if (handled.state !== null) {
    const { stream } = endpointUrlReservation(userId, handled.state.url, secret);
    await release(store, stream, endpointStream(command.endpointId), command.now, context);
  }
  return handled;
}
