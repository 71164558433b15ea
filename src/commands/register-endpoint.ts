import { endpointStream } from "../events/endpoint.ts";
import type { EndpointRegistered, EndpointSettings } from "../events/endpoint.ts";
import type { AppendResult } from "../events/store/event-store.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";
import type { StreamStore } from "./handling/stream-store.ts";
import { createUnique } from "./uniqueness/create-unique.ts";
import { endpointUrlReservation } from "./uniqueness/endpoint-url.ts";

export interface RegisterEndpoint extends Omit<EndpointSettings, "sealedHeaders"> {
  readonly userId: number;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** What can only be sealed once the endpoint has its number. */
export interface SealedForEndpoint {
  readonly sealedKeys: string | null;
  readonly sealedHeaders: string | null;
}

/** The events of a new endpoint whose URL is reserved; its url was already judged to be a target that may be dialled. */
export function decideRegisterEndpoint(
  command: RegisterEndpoint,
  endpointId: number,
  sealed: SealedForEndpoint,
): EndpointRegistered[] {
  const { userId, now, ...chosen } = command;
  return [{ type: "EndpointRegistered", data: { endpointId, userId, ...chosen, ...sealed, registeredAt: now } }];
}

/**
 * Registers an endpoint; its URL, compared as text, may be registered once per user.
 *
 * @param sealFor seals its new keys and its headers, for the endpoint with this number
 * @param secret names the streams of reservations
 * @throws CommandRefused `endpoint_already_registered`
 * @throws whatever the store throws
 */
export function registerEndpoint(
  store: StreamStore,
  command: RegisterEndpoint,
  sealFor: (endpointId: number) => SealedForEndpoint,
  secret: Uint8Array,
  context: CommandContext,
): Promise<{ endpointId: number; appended: AppendResult }> {
  const values = [endpointUrlReservation(command.userId, command.url, secret)];
  return createUnique(store, "endpoint", values, command.now, context, async (endpointId) => {
    const events = eventsToAppend(decideRegisterEndpoint(command, endpointId, sealFor(endpointId)), context);
    return { endpointId, appended: await appendSettled(store, endpointStream(endpointId), events, "no_stream") };
  });
}
