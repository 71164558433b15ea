import { decideOnGone } from "../../commands/disable-endpoint.ts";
import type { Loaded } from "../../commands/handling/command-handler.ts";
import { handleEndpointCommand } from "../../commands/handling/endpoint-command.ts";
import { CommandRefused } from "../../commands/handling/refusals.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";

/** An answer 410, and the claim of its attempt. */
export interface GoneAnswer {
  readonly endpointId: number;
  readonly url: string;
  /** When it came, ISO 8601 UTC. */
  readonly now: string;
  /** The last event of the delivery; the endpoint's event gets its correlation and causation ids from it. */
  readonly claim: Loaded<unknown>["last"];
  /** The name of the calling process. */
  readonly actor: string;
}

/**
 * Disables an endpoint that answered 410, unless it has been deleted or moved since.
 *
 * @throws what the store throws
 */
export async function disableGone(
  store: EventStore,
  { endpointId, claim, actor, ...answered }: GoneAnswer,
): Promise<void> {
  const commandId = timeOrderedId();
  const causation = claim === null ? {} : { causationId: claim.id };
  const context = { commandId, correlationId: claim?.correlationId ?? commandId, ...causation, actor };
  try {
    await handleEndpointCommand(store, endpointId, null, (endpoint) => decideOnGone(endpoint, answered), context);
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
  }
}
