import { DEFAULT_SETTINGS } from "../../src/events/chosen-settings.ts";
import type { Decider } from "../../src/commands/handling/decider.ts";
import { existing } from "../../src/commands/handling/endpoint-command.ts";
import type {
  Endpoint,
  EndpointChanges,
  EndpointDeleted,
  EndpointDeliveriesEnded,
  EndpointDisabled,
  EndpointEnabled,
  EndpointFailing,
  EndpointRegistered,
  EndpointSecretRotated,
  EndpointUpdated,
} from "../../src/events/endpoint.ts";
import type { DisablingReason } from "../../src/events/endpoint-terms.ts";
import { RECEIVER_URL, at } from "./delivery-story.ts";

export const ENDPOINT_ID = 7;
export const OWNER_ID = 3;

/** Decides as the owner asks, who finds the endpoint only while it is not deleted. */
export function askedByOwner<Command, Event>(
  decide: Decider<Command, Endpoint, Event>,
): Decider<Command, Endpoint | null, Event> {
  return (command, endpoint) => decide(command, existing(endpoint, OWNER_ID));
}

/** Endpoint 7 of user 3, registered at second 0 unless told otherwise. */
export function registered(more: Partial<EndpointRegistered["data"]> = {}): EndpointRegistered {
  const names = { endpointId: ENDPOINT_ID, userId: OWNER_ID, url: RECEIVER_URL, nickname: "the shop" };
  return {
    type: "EndpointRegistered",
    data: { ...names, ...DEFAULT_SETTINGS, sealedKeys: null, registeredAt: at(0), ...more },
  };
}

export function updated(changes: EndpointChanges, seconds: number): EndpointUpdated {
  return { type: "EndpointUpdated", data: { endpointId: ENDPOINT_ID, changes, updatedAt: at(seconds) } };
}

export function disabled(reason: DisablingReason, seconds: number): EndpointDisabled {
  return { type: "EndpointDisabled", data: { endpointId: ENDPOINT_ID, reason, disabledAt: at(seconds) } };
}

export function enabled(seconds: number): EndpointEnabled {
  return { type: "EndpointEnabled", data: { endpointId: ENDPOINT_ID, enabledAt: at(seconds) } };
}

export function deleted(seconds: number): EndpointDeleted {
  return { type: "EndpointDeleted", data: { endpointId: ENDPOINT_ID, deletedAt: at(seconds) } };
}

export function failing(failures: number, since: number, seconds: number): EndpointFailing {
  const data = { endpointId: ENDPOINT_ID, failures, failingSince: at(since), warnedAt: at(seconds) };
  return { type: "EndpointFailing", data };
}

export function rotated(sealedKeys: string, seconds: number, previousExpiresAt: number): EndpointSecretRotated {
  return {
    type: "EndpointSecretRotated",
    data: {
      endpointId: ENDPOINT_ID,
      sealedKeys,
      previousExpiresAt: at(previousExpiresAt),
      rotatedAt: at(seconds),
    },
  };
}

export function deliveriesEnded(seconds: number): EndpointDeliveriesEnded {
  return { type: "EndpointDeliveriesEnded", data: { endpointId: ENDPOINT_ID, endedAt: at(seconds) } };
}
