import { z } from "zod";
import type { GatewayEvent } from "./catalogue.ts";
import { disablingReason } from "./endpoint-terms.ts";
import type { DisablingReason, EndpointStatus } from "./endpoint-terms.ts";
import type { CreationAbandoned } from "./reservation.ts";

const time = z.iso.datetime();
const endpointId = z.int().positive();

/** What its owner may choose for an endpoint. Null: the gateway's own default. */
const settings = {
  /** As the client sent it, to the character. */
  url: z.string().min(1),
  nickname: z.string().min(1),
  /** The waits after the first, second, … failed attempt, in seconds. */
  retrySchedule: z.array(z.number().nonnegative()).max(20).nullable(),
  /** Attempts under way at a time. */
  maxConcurrency: z.int().positive().nullable(),
  /** Headers of its owner's own, sealed since they may be credentials; null: none. */
  sealedHeaders: z.string().nullable(),
  /** Whether attempts are also signed with its ed25519 key. */
  ed25519: z.boolean(),
};

/** An address to deliver to exists. */
export const endpointRegisteredData = z.object({
  endpointId,
  userId: z.int().positive(),
  ...settings,
  /** The keys that sign its deliveries, sealed; null: those derived from its number (registered before there were any). */
  sealedKeys: z.string().nullable(),
  registeredAt: time,
});

/** Version 1 knew the address alone. */
export function upcastEndpointRegistered(data: object): object {
  return { ...data, retrySchedule: null, maxConcurrency: null, sealedHeaders: null, ed25519: false, sealedKeys: null };
}

/** Its owner changed it: what is in `changes`, and nothing else. */
export const endpointUpdatedData = z.object({ endpointId, changes: z.object(settings).partial(), updatedAt: time });

/** It has new keys. Until `previousExpiresAt` the earlier ones sign as well; those before them no more. */
export const endpointSecretRotatedData = z.object({
  endpointId,
  sealedKeys: z.string(),
  previousExpiresAt: time,
  rotatedAt: time,
});

/** No attempt is made until it is enabled again. What is due is held; with `gone`, what was pending ends. */
export const endpointDisabledData = z.object({ endpointId, reason: disablingReason, disabledAt: time });

/** Version 1 had the reason `asked` for `requested`. */
export function upcastEndpointDisabled(data: object): object {
  return "reason" in data && data.reason === "asked" ? { ...data, reason: "requested" } : data;
}

export const endpointEnabledData = z.object({ endpointId, enabledAt: time });

/** It is gone for good: what is pending is canceled, and its URL may be registered again. */
export const endpointDeletedData = z.object({ endpointId, deletedAt: time });

/** A warning: every attempt has failed for long, and it will be disabled when that goes on. */
export const endpointFailingData = z.object({
  endpointId,
  /** Attempts that failed since the last that did not. */
  failures: z.int().positive(),
  failingSince: time,
  warnedAt: time,
});

/** Whatever was pending when it was deleted, or answered 410, has its end in its own stream. Bookkeeping. */
export const endpointDeliveriesEndedData = z.object({ endpointId, endedAt: time });

type Event<T extends string, S extends z.ZodType> = { readonly type: T; readonly data: Readonly<z.infer<S>> };

export type EndpointRegistered = Event<"EndpointRegistered", typeof endpointRegisteredData>;
export type EndpointUpdated = {
  readonly type: "EndpointUpdated";
  readonly data: { readonly endpointId: number; readonly changes: EndpointChanges; readonly updatedAt: string };
};
export type EndpointSecretRotated = Event<"EndpointSecretRotated", typeof endpointSecretRotatedData>;
export type EndpointDisabled = Event<"EndpointDisabled", typeof endpointDisabledData>;
export type EndpointEnabled = Event<"EndpointEnabled", typeof endpointEnabledData>;
export type EndpointDeleted = Event<"EndpointDeleted", typeof endpointDeletedData>;
export type EndpointFailing = Event<"EndpointFailing", typeof endpointFailingData>;
export type EndpointDeliveriesEnded = Event<"EndpointDeliveriesEnded", typeof endpointDeliveriesEndedData>;

/** The events of an endpoint that exists. */
export type EndpointLifeEvent =
  | EndpointRegistered
  | EndpointUpdated
  | EndpointSecretRotated
  | EndpointDisabled
  | EndpointEnabled
  | EndpointDeleted
  | EndpointFailing
  | EndpointDeliveriesEnded;

export type EndpointEvent = EndpointLifeEvent | CreationAbandoned;

export type EndpointSettings = Pick<EndpointRegistered["data"], keyof typeof settings>;
export type EndpointChanges = Partial<EndpointSettings>;

/** The stream of the endpoint with this number. */
export function endpointStream(id: number): string {
  return `endpoint-${id}`;
}

/** What the events of one endpoint mean for what may happen next. */
export interface Endpoint extends EndpointSettings {
  readonly endpointId: number;
  readonly userId: number;
  readonly status: EndpointStatus;
  /** Null unless it is disabled. */
  readonly disabledReason: DisablingReason | null;
  /** Since when it has been warned of failing; null when it has not. */
  readonly warnedAt: string | null;
  /** Whether deliveries that were pending are still to be ended. */
  readonly ending: boolean;
}

/**
 * The endpoint after one more event; null before its first.
 *
 * @throws Error when the event cannot follow: the stream does not tell an endpoint's story.
 */
export function evolveEndpoint(endpoint: Endpoint | null, event: GatewayEvent): Endpoint {
  if (event.type === "EndpointRegistered") {
    if (endpoint !== null) throw new Error("an endpoint is registered once");
    const { endpointId: id, userId, url, nickname, retrySchedule, maxConcurrency, sealedHeaders, ed25519 } = event.data;
    const chosen = { url, nickname, retrySchedule, maxConcurrency, sealedHeaders, ed25519 };
    const standing = { status: "enabled", disabledReason: null, warnedAt: null, ending: false } as const;
    return { endpointId: id, userId, ...chosen, ...standing };
  }
  if (endpoint === null) throw new Error(`${event.type} of an endpoint that was never registered`);
  switch (event.type) {
    case "EndpointUpdated": {
      const moved = event.data.changes.url !== undefined;
      return { ...endpoint, ...event.data.changes, warnedAt: moved ? null : endpoint.warnedAt };
    }
    case "EndpointSecretRotated":
      return endpoint;
    case "EndpointDisabled": {
      const { reason } = event.data;
      return { ...endpoint, status: "disabled", disabledReason: reason, ending: reason === "gone" };
    }
    case "EndpointEnabled":
      return { ...endpoint, status: "enabled", disabledReason: null, warnedAt: null, ending: false };
    case "EndpointDeleted":
      return { ...endpoint, status: "deleted", disabledReason: null, ending: true };
    case "EndpointFailing":
      return { ...endpoint, warnedAt: event.data.warnedAt };
    case "EndpointDeliveriesEnded":
      return { ...endpoint, ending: false };
    default: {
      const foreign: Exclude<GatewayEvent, EndpointLifeEvent> = event;
      throw new Error(`${foreign.type} does not belong in an endpoint's stream`);
    }
  }
}
