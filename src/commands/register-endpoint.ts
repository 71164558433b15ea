import { endpointStream } from "../events/endpoint.ts";
import type { EndpointRegistered } from "../events/endpoint.ts";
import type { AppendResult, EventStore } from "../events/event-store.ts";
import { appendSettled } from "./append-settled.ts";
import { eventsToAppend } from "./command-context.ts";
import type { CommandContext } from "./command-context.ts";
import { createUnique } from "./create-unique.ts";
import { reservationStream } from "./reservations.ts";

export interface RegisterEndpoint {
  readonly userId: number;
  /** As the client sent it; already judged to be a target that may be dialled. */
  readonly url: string;
  readonly nickname: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** The events of a new endpoint whose URL is reserved. */
export function decideRegisterEndpoint(command: RegisterEndpoint, endpointId: number): EndpointRegistered[] {
  const { userId, url, nickname, now } = command;
  return [{ type: "EndpointRegistered", data: { endpointId, userId, url, nickname, registeredAt: now } }];
}

/**
 * Registers an endpoint; its URL, compared as text, may be registered once per user.
 *
 * @throws CommandRefused `endpoint_already_registered`
 * @throws whatever the store throws
 */
export function registerEndpoint(
  store: EventStore,
  command: RegisterEndpoint,
  secret: Uint8Array,
  context: CommandContext,
): Promise<{ endpointId: number; appended: AppendResult }> {
  const value = `${command.userId} ${command.url}`;
  const stream = reservationStream({ category: "endpointUrl", value }, secret);
  const values = [{ stream, refusal: "endpoint_already_registered" }] as const;
  return createUnique(store, "endpoint", values, command.now, context, async (endpointId) => {
    const events = eventsToAppend(decideRegisterEndpoint(command, endpointId), context);
    return { endpointId, appended: await appendSettled(store, endpointStream(endpointId), events, "no_stream") };
  });
}
