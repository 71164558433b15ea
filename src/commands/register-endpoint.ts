import type { SealedSettings } from "../events/chosen-settings.ts";
import { endpointStream } from "../events/endpoint.ts";
import type { Endpoint, EndpointRegistered, EndpointSettings } from "../events/endpoint.ts";
import type { AppendResult, StreamStore } from "../events/store/event-store.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";
import { createUnique } from "./uniqueness/create-unique.ts";
import { endpointUrlReservation } from "./uniqueness/endpoint-url.ts";

export interface RegisterEndpoint extends EndpointSettings {
  readonly endpointId: number;
  readonly userId: number;
  /** The keys that sign its deliveries, sealed. */
  readonly sealedKeys: string | null;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** What can only be sealed once the endpoint has its number. */
export type SealedForEndpoint = SealedSettings & Pick<RegisterEndpoint, "sealedKeys">;

/** What an endpoint is registered from, before it has its number. */
export type EndpointToRegister = Omit<RegisterEndpoint, "endpointId" | keyof SealedForEndpoint>;

/**
 * The first event of an endpoint whose URL is reserved; nothing when there is one with this number. Its url was already
 * judged to be a target that may be dialled.
 */
export function decideRegisterEndpoint(command: RegisterEndpoint, endpoint: Endpoint | null): EndpointRegistered[] {
  if (endpoint !== null) return [];
  const { now, ...data } = command;
  return [{ type: "EndpointRegistered", data: { ...data, registeredAt: now } }];
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
  endpoint: EndpointToRegister,
  sealFor: (endpointId: number) => SealedForEndpoint,
  secret: Uint8Array,
  context: CommandContext,
): Promise<{ endpointId: number; appended: AppendResult }> {
  const values = [endpointUrlReservation(endpoint.userId, endpoint.url, secret)];
  return createUnique(store, "endpoint", values, endpoint.now, context, async (endpointId) => {
    const command = { endpointId, ...endpoint, ...sealFor(endpointId) };
    const events = eventsToAppend(decideRegisterEndpoint(command, null), context);
    return { endpointId, appended: await appendSettled(store, endpointStream(endpointId), events, "no_stream") };
  });
}
