import { z } from "zod";
import { SETTINGS_VERSION, loggedSettings, settingsNewIn } from "./chosen-settings.ts";
import { disablingReason } from "./endpoint-terms.ts";
import type { DisablingReason, EndpointStatus } from "./endpoint-terms.ts";
import type { CreationAbandoned } from "./reservation.ts";

const time = z.iso.datetime();
const endpointId = z.int().positive();

/** What its owner says of an endpoint: where it is, what it is called, and what was chosen for it. */
const settings = {
  /** As the client sent it, to the character. */
  url: z.string().min(1),
  nickname: z.string().min(1),
  ...loggedSettings,
};

const SETTING_NAMES = Object.keys(settings) as (keyof typeof settings)[];

/** The versions from 2 to this one: what an upcaster makes. */
const versionsTo = (newest: number): number[] => Array.from({ length: newest - 1 }, (_none, index) => index + 2);

/** An address to deliver to exists. */
export const endpointRegisteredData = z.object({
  endpointId,
  userId: z.int().positive(),
  ...settings,
  /** The keys that sign its deliveries, sealed; null: those derived from its number (registered before there were any). */
  sealedKeys: z.string().nullable(),
  registeredAt: time,
});

/** Each version is the one before it with settings that it did not know; version 1 knew the address alone, and no keys. */
export const endpointRegisteredUpcasters = versionsTo(SETTINGS_VERSION).map((version) => (data: object): object => {
  return { ...data, ...settingsNewIn(version), ...(version === 2 && { sealedKeys: null }) };
});

/** Its owner changed it: what is in `changes`, and nothing else. */
export const endpointUpdatedData = z.object({ endpointId, changes: z.object(settings).partial(), updatedAt: time });

/** Its first version came with version 2 of the registration, and a new setting raises both. Absent is unchanged. */
export const endpointUpdatedUpcasters = versionsTo(SETTINGS_VERSION - 1).map(
  () =>
    (data: object): object =>
      data,
);

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
/** What of them an update changes. */
export type EndpointChanges = Partial<EndpointSettings>;

/** The settings in the data of a registration, in the order of the table. */
export function settingsIn(data: EndpointSettings): EndpointSettings {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, data[name]])) as EndpointSettings;
}

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
  /** How often what its owner is shown, or its keys, became another, its registration included. */
  readonly changeCount: number;
}

/**
 * The endpoint after one more event; null before its first.
 *
 * @throws Error when the event cannot follow: the stream does not tell an endpoint's story.
 */
export function evolveEndpoint(endpoint: Endpoint | null, event: EndpointEvent): Endpoint {
  if (event.type === "EndpointRegistered") {
    if (endpoint !== null) throw new Error("an endpoint is registered once");
    const { endpointId: id, userId } = event.data;
    const standing = {
      status: "enabled",
      disabledReason: null,
      warnedAt: null,
      ending: false,
      changeCount: 1,
    } as const;
    return { endpointId: id, userId, ...settingsIn(event.data), ...standing };
  }
  if (endpoint === null) throw new Error(`${event.type} of an endpoint that was never registered`);
  const changed = { ...endpoint, changeCount: endpoint.changeCount + 1 };
  switch (event.type) {
    case "EndpointUpdated": {
      const moved = event.data.changes.url !== undefined;
      return { ...changed, ...event.data.changes, warnedAt: moved ? null : endpoint.warnedAt };
    }
    case "EndpointSecretRotated":
      return changed;
    case "EndpointDisabled": {
      const { reason } = event.data;
      return { ...changed, status: "disabled", disabledReason: reason, ending: reason === "gone" };
    }
    case "EndpointEnabled":
      return { ...changed, status: "enabled", disabledReason: null, warnedAt: null, ending: false };
    case "EndpointDeleted":
      return { ...changed, status: "deleted", disabledReason: null, ending: true };
    case "EndpointFailing":
      return { ...endpoint, warnedAt: event.data.warnedAt };
    case "EndpointDeliveriesEnded":
      return { ...endpoint, ending: false };
    case "CreationAbandoned":
      throw new Error("the creation of an endpoint was abandoned after it was registered");
  }
}
