import { decideDisableGoneEndpoint } from "../../commands/disable-gone-endpoint.ts";
import type { DisableGoneEndpoint } from "../../commands/disable-gone-endpoint.ts";
import type { Loaded } from "../../commands/handling/command-handler.ts";
import { handleEndpointCommand } from "../../commands/handling/endpoint-command.ts";
import { CommandRefused } from "../../commands/handling/refusals.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";

/**
 * Disables an endpoint that answered 410, unless it has been deleted or moved since.
 *
 * @param claim the delivery's last event, from which the endpoint's takes over what it belongs to
 * @param actor the name of the process that asks
 * @throws what the store throws
 */
export async function disableGone(
  store: EventStore,
  command: DisableGoneEndpoint,
  claim: Loaded<unknown>["last"],
  actor: string,
): Promise<void> {
  const commandId = timeOrderedId();
  const causation = claim === null ? {} : { causationId: claim.id };
  const context = { commandId, correlationId: claim?.correlationId ?? commandId, ...causation, actor };
  try {
    await handleEndpointCommand(store, decideDisableGoneEndpoint, command, null, context);
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
  }
}
