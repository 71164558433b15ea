import type { z } from "zod";
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
import { creationAbandonedData, valueReleasedData, valueReservedData } from "./reservation.ts";
import type { ReservationEvent } from "./reservation.ts";
import { numberTakenData } from "./sequence.ts";
import type { NumberTaken } from "./sequence.ts";
import type { EventMetadata, RecordedEvent } from "./store/event-store.ts";
import { UnreadableEvent } from "./store/event-store-errors.ts";
import { tickTakenData } from "./tick.ts";
import type { TickTaken } from "./tick.ts";
import { userCreatedData } from "./user.ts";
import type { UserEvent } from "./user.ts";

/** Every event that the log may hold. */
export type GatewayEvent =
  UserEvent | EndpointEvent | DeliveryEvent | ReservationEvent | NumberTaken | TickTaken | LogBegun;

/** An event of the log whose data was checked against the catalogue and brought to the newest version. */
export type KnownEvent = Omit<RecordedEvent, "type" | "data"> & GatewayEvent;

interface Entry {
  /** The version that is written today. */
  readonly version: number;
  readonly schema: z.ZodType<object>;
  /** At index n: what makes version n + 2 of version n + 1. One a version ever written but the newest. */
  readonly upcasters: readonly ((data: object) => object)[];
}

function firstVersion(schema: z.ZodType<object>): Entry {
  return upcasted(schema, []);
}

function upcasted(schema: z.ZodType<object>, upcasters: Entry["upcasters"]): Entry {
  return { version: upcasters.length + 1, schema, upcasters };
}

/** Type ↔ schema ↔ version: the one list of what may stand in the log. A type's name never changes. */
const CATALOGUE: Readonly<Record<GatewayEvent["type"], Entry>> = {
  UserCreated: firstVersion(userCreatedData),
  EndpointRegistered: upcasted(endpointRegisteredData, endpointRegisteredUpcasters),
  EndpointUpdated: upcasted(endpointUpdatedData, endpointUpdatedUpcasters),
  EndpointSecretRotated: firstVersion(endpointSecretRotatedData),
  EndpointDisabled: upcasted(endpointDisabledData, [upcastEndpointDisabled]),
  EndpointEnabled: firstVersion(endpointEnabledData),
  EndpointDeleted: firstVersion(endpointDeletedData),
  EndpointFailing: firstVersion(endpointFailingData),
  EndpointDeliveriesEnded: firstVersion(endpointDeliveriesEndedData),
  DeliveryRequested: firstVersion(deliveryRequestedData),
  DeliveryAttemptStarted: firstVersion(deliveryAttemptStartedData),
  DeliveryAttemptReleased: firstVersion(deliveryAttemptReleasedData),
  DeliveryAttempted: firstVersion(deliveryAttemptedData),
  DeliveryFailed: firstVersion(deliveryFailedData),
  DeliveryHeld: firstVersion(deliveryHeldData),
  DeliveryReleased: firstVersion(deliveryReleasedData),
  DeliveryCanceled: firstVersion(deliveryCanceledData),
  ValueReserved: firstVersion(valueReservedData),
  ValueReleased: firstVersion(valueReleasedData),
  CreationAbandoned: firstVersion(creationAbandonedData),
  NumberTaken: firstVersion(numberTakenData),
  TickTaken: firstVersion(tickTakenData),
  LogBegun: firstVersion(logBegunData),
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
