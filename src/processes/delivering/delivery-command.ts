import { handleCommand } from "../../commands/handling/command-handler.ts";
import type { Handled, Loaded } from "../../commands/handling/command-handler.ts";
import type { Decider } from "../../commands/handling/decider.ts";
import { deliveryStream, evolveDelivery } from "../../events/delivery.ts";
import type { Delivery, DeliveryEvent } from "../../events/delivery.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";

/** The actor of the worker's commands. */
export const ACTOR = "delivery-worker";

/**
 * Handles one of the worker's commands on a delivery.
 *
 * @param known the delivery as last seen; if it is out of date, its stream is read
 * @param commandId the same for each repetition of a command, so that a repetition recognises what was written before
 * @throws what `decide` and the log throw
 */
export function handleDeliveryCommand<Command extends { readonly deliveryId: string }, Event extends DeliveryEvent>(
  store: EventStore,
  decide: Decider<Command, Delivery | null, Event>,
  command: Command,
  known: Loaded<Delivery>,
  commandId = timeOrderedId(),
): Promise<Handled<Delivery, Event>> {
  const stream = deliveryStream(command.deliveryId);
  return handleCommand(store, { stream, evolve: evolveDelivery, decide, command, commandId, actor: ACTOR, known });
}
