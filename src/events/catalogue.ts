import type { z } from "zod";
import type { Category } from "./categories.ts";
import {
  deliveryAttemptedData,
  deliveryAttemptReleasedData,
  deliveryAttemptStartedData,
  deliveryCanceledData,
  deliveryFailedData,
  deliveryHeldData,
  deliveryReleasedData,
  deliveryRequestedData,
} from "./delivery.ts";
import type { DeliveryEvent } from "./delivery.ts";
import { upcastDeliveryAttempted, upcastDeliveryRequested } from "./delivery-upcasters.ts";
import {
  endpointDeletedData,
  endpointDeliveriesEndedData,
  endpointDisabledData,
  endpointEnabledData,
  endpointFailingData,
  endpointRegisteredData,
  endpointRegisteredUpcasters,
  endpointSecretRotatedData,
  endpointUpdatedData,
  endpointUpdatedUpcasters,
  upcastEndpointDisabled,
} from "./endpoint.ts";
import type { EndpointEvent } from "./endpoint.ts";
import { logBegunData } from "./log.ts";
import type { LogBegun } from "./log.ts";
import { deliveriesPausedData, deliveriesResumedData } from "./pause.ts";
import type { PauseEvent } from "./pause.ts";
import { creationAbandonedData, valueReleasedData, valueReservedData } from "./reservation.ts";
import type { ReservationEvent } from "./reservation.ts";
import { numberTakenData } from "./sequence.ts";
import type { NumberTaken } from "./sequence.ts";
import { payloadReadData, rebuildCancelRequestedData, rebuildRequestedData } from "./staff-acts.ts";
import type { StaffAct } from "./staff-acts.ts";
import { recordedCategoryOf } from "./store/event-store.ts";
import type { EventMetadata, RecordedEvent } from "./store/event-store.ts";
import { UnreadableEvent } from "./store/event-store-errors.ts";
import { tickTakenData } from "./tick.ts";
import type { TickTaken } from "./tick.ts";
import { userCreatedData } from "./user.ts";
import type { UserEvent } from "./user.ts";

/** Every event that the log may hold. */
export type GatewayEvent =
  | UserEvent
  | EndpointEvent
  | DeliveryEvent
  | ReservationEvent
  | NumberTaken
  | TickTaken
  | LogBegun
  | StaffAct
  | PauseEvent;

/** An event of the log whose data was checked against the catalogue and brought to the newest version. */
export type KnownEvent<Event extends GatewayEvent = GatewayEvent> = Omit<RecordedEvent, "type" | "data"> & Event;

interface Entry {
  /** In whose streams it may stand. */
  readonly categories: readonly Category[];
  /** The version that is written today. */
  readonly version: number;
  readonly schema: z.ZodType<object>;
  /** At index n: what makes version n + 2 of version n + 1. One a version ever written but the newest. */
  readonly upcasters: readonly ((data: object) => object)[];
}

function firstVersion(categories: readonly Category[], schema: z.ZodType<object>): Entry {
  return upcasted(categories, schema, []);
}

function upcasted(categories: readonly Category[], schema: z.ZodType<object>, upcasters: Entry["upcasters"]): Entry {
  return { categories, version: upcasters.length + 1, schema, upcasters };
}

/** The streams of reservations. */
const RESERVATIONS = ["username", "email", "endpointUrl"] as const;

/** Type ↔ schema ↔ version: the one list of what may stand in the log. A type's name never changes. */
const CATALOGUE: Readonly<Record<GatewayEvent["type"], Entry>> = {
  UserCreated: firstVersion(["user"], userCreatedData),
  EndpointRegistered: upcasted(["endpoint"], endpointRegisteredData, endpointRegisteredUpcasters),
  EndpointUpdated: upcasted(["endpoint"], endpointUpdatedData, endpointUpdatedUpcasters),
  EndpointSecretRotated: firstVersion(["endpoint"], endpointSecretRotatedData),
  EndpointDisabled: upcasted(["endpoint"], endpointDisabledData, [upcastEndpointDisabled]),
  EndpointEnabled: firstVersion(["endpoint"], endpointEnabledData),
  EndpointDeleted: firstVersion(["endpoint"], endpointDeletedData),
  EndpointFailing: firstVersion(["endpoint"], endpointFailingData),
  EndpointDeliveriesEnded: firstVersion(["endpoint"], endpointDeliveriesEndedData),
  DeliveryRequested: upcasted(["delivery"], deliveryRequestedData, [upcastDeliveryRequested]),
  DeliveryAttemptStarted: firstVersion(["delivery"], deliveryAttemptStartedData),
  DeliveryAttemptReleased: firstVersion(["delivery"], deliveryAttemptReleasedData),
  DeliveryAttempted: upcasted(["delivery"], deliveryAttemptedData, [upcastDeliveryAttempted]),
  DeliveryFailed: firstVersion(["delivery"], deliveryFailedData),
  DeliveryHeld: firstVersion(["delivery"], deliveryHeldData),
  DeliveryReleased: firstVersion(["delivery"], deliveryReleasedData),
  DeliveryCanceled: firstVersion(["delivery"], deliveryCanceledData),
  ValueReserved: firstVersion(RESERVATIONS, valueReservedData),
  ValueReleased: firstVersion(RESERVATIONS, valueReleasedData),
  CreationAbandoned: firstVersion(["user", "endpoint"], creationAbandonedData),
  NumberTaken: firstVersion(["sequence"], numberTakenData),
  TickTaken: firstVersion(["tick"], tickTakenData),
  LogBegun: firstVersion(["log"], logBegunData),
  PayloadRead: firstVersion(["access"], payloadReadData),
  RebuildRequested: firstVersion(["projection"], rebuildRequestedData),
  RebuildCancelRequested: firstVersion(["projection"], rebuildCancelRequestedData),
  DeliveriesPaused: firstVersion(["pause"], deliveriesPausedData),
  DeliveriesResumed: firstVersion(["pause"], deliveriesResumedData),
};

/** The types of all events that the log may hold, in the catalogue's order. */
export const EVENT_TYPES: readonly string[] = Object.keys(CATALOGUE);

/** The version under which events of this type are written today. */
export function schemaVersionOf(type: GatewayEvent["type"]): number {
  return CATALOGUE[type].version;
}

/**
 * Reads an event of the log: finds its schema, brings an older version up, checks the data.
 *
 * @throws UnreadableEvent for an unknown type, a version from the future, or data that breaks the schema.
 */
export function readEvent(event: RecordedEvent): KnownEvent {
  if (!Object.hasOwn(CATALOGUE, event.type)) {
    throw new UnreadableEvent(event, `its type ${event.type} is not in this version's catalogue`);
  }
  const entry = CATALOGUE[event.type as GatewayEvent["type"]];
  // What another program wrote need not have our metadata.
  const version = (event.metadata as Partial<EventMetadata> | null)?.schemaVersion;
  if (version === undefined || !Number.isInteger(version) || version < 1 || version > entry.version) {
    throw new UnreadableEvent(
      event,
      `${event.type} has schema version ${version ?? "none"}; this version knows 1 to ${entry.version}`,
    );
  }
  let data = event.data as object;
  for (const upcast of entry.upcasters.slice(version - 1)) data = upcast(data);
  const parsed = entry.schema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UnreadableEvent(event, `${event.type}.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
  }
  return { ...event, type: event.type, data: parsed.data } as KnownEvent;
}

/**
 * Reads an event of a stream that is folded, as `readEvent` does; `Event` is what may stand in a stream of its category.
 *
 * @throws UnreadableEvent as `readEvent`, and for an event that does not belong in its stream
 */
export function readStreamEvent<Event extends GatewayEvent>(recorded: RecordedEvent): KnownEvent<Event> {
  const event = readEvent(recorded);
  const category = recordedCategoryOf(recorded.stream);
  if (CATALOGUE[event.type].categories.some((one) => one === category)) return event as KnownEvent<Event>;
  throw new UnreadableEvent(recorded, `${event.type} does not belong in a stream of the category ${category}`);
}
