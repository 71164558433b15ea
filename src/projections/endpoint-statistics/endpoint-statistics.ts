import type { KnownEvent } from "../../events/catalogue.ts";
import { addEvent, foldDocuments } from "../folding/fold-documents.ts";
import type { EventsByDocument } from "../folding/fold-documents.ts";
import { OpenDeliveries, endsDelivery } from "../folding/open-deliveries.ts";
import { collectionOf } from "../projection.ts";
import type { BatchProjection, LoadDocuments } from "../projection.ts";
import type { DocumentStore, GuardedWrite, StoredDocument } from "../store/document-store.ts";
import { dayId, dayOf, evolveDay } from "./endpoint-day.ts";
import type { EndpointDayDocument } from "./endpoint-day.ts";
import { STANDING_INDEXES, evolveStanding, standingId } from "./endpoint-standing.ts";
import type { EndpointStandingDocument } from "./endpoint-standing.ts";
import { LOAD_INDEXES, evolveLoad, loadId } from "./user-load.ts";
import type { UserLoadDocument } from "./user-load.ts";

/** The endpoint and user of a delivery that has not ended: only its first event names them. */
interface OpenDeliveryDocument extends StoredDocument {
  readonly endpoint: number;
  readonly user: number;
}

type Writes = readonly GuardedWrite[];

/**
 * The outcomes of each endpoint's deliveries, day by day, how each endpoint stands now, and what each user asks of the
 * gateway now. An attempt's events name only their delivery, so the model remembers the endpoint and the user of each
 * delivery until it has ended. Its indexes leave these out: there are as many as deliveries, and no query asks for them.
 *
 * Days, standings and loads are written before ended deliveries are forgotten. So a delivery that is unknown, in a batch that
 * does not begin it, has ended and is already counted. Each document skips events at or before its own position. An
 * event that reopens an ended delivery has to name the endpoint.
 */
export const endpointStatistics: BatchProjection = {
  name: "endpoint-statistics",
  version: 4,
  categories: ["delivery", "endpoint"],
  indexes: [{ fields: ["endpoint_id", "day"], present: "day" }, ...STANDING_INDEXES, ...LOAD_INDEXES],
  reads: "known",
  async foldBatch(events, load) {
    const { byDay, byEndpoint, byUser, deliveries } = await sortEvents(events, load);
    const days = await foldDocuments<EndpointDayDocument>(byDay, load, evolveDay);
    const standings = await foldDocuments<EndpointStandingDocument>(byEndpoint, load, evolveStanding);
    const loads = await foldDocuments<UserLoadDocument>(byUser, load, evolveLoad);
    return [[...days, ...standings, ...loads], deliveries];
  },
};

/** Sorts the events by the day, the standing and the load that they change, and finds which deliveries to remember or forget. */
async function sortEvents(
  events: readonly KnownEvent[],
  load: LoadDocuments,
): Promise<{ byDay: EventsByDocument; byEndpoint: EventsByDocument; byUser: EventsByDocument; deliveries: Writes }> {
  const ids = new Set(events.flatMap(({ data }) => ("deliveryId" in data ? [data.deliveryId] : [])));
  const { open } = await OpenDeliveries.load<OpenDeliveryDocument>(ids, load);
  const byDay: EventsByDocument = new Map();
  const byEndpoint: EventsByDocument = new Map();
  const byUser: EventsByDocument = new Map();
  for (const event of events) {
    if (!("deliveryId" in event.data)) {
      const endpointId = "endpointId" in event.data ? event.data.endpointId : null;
      if (endpointId !== null) addEvent(byEndpoint, standingId(endpointId), event);
      continue;
    }
    const { deliveryId } = event.data;
    if (event.type === "DeliveryRequested") {
      const { endpointId: endpoint, userId: user } = event.data;
      open.begin(deliveryId, { position: event.position, endpoint, user });
    }
    const delivery = open.of(deliveryId);
    if (delivery === undefined) continue;
    addEvent(byEndpoint, standingId(delivery.endpoint), event);
    const ends = endsDelivery(event.type, event.type === "DeliveryAttempted" && event.data.outcome);
    if (event.type === "DeliveryRequested" || ends) addEvent(byUser, loadId(delivery.user), event);
    const day = dayOf(event);
    if (day !== null) addEvent(byDay, dayId(delivery.endpoint, day), event);
    if (ends) open.end(deliveryId);
  }
  return { byDay, byEndpoint, byUser, deliveries: open.writes() };
}

/** A range of days, such as `2026-03-01`: `from` is inclusive, `to` exclusive. */
export interface DayRange {
  readonly from?: string;
  readonly to?: string;
}

/** The days of this endpoint that have events, latest first, at most `limit`, before the day `before`. */
export function daysOfEndpoint(
  store: DocumentStore,
  endpointId: number,
  { from, to }: DayRange,
  limit: number,
  before: string | null,
): Promise<EndpointDayDocument[]> {
  return store.find<EndpointDayDocument>(collectionOf(endpointStatistics), {
    equals: { endpoint_id: endpointId },
    ...((from ?? to) !== undefined && {
      range: { field: "day", ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
    }),
    order: { field: "day", direction: "descending" },
    ...(before !== null && { after: { value: before, id: dayId(endpointId, before) } }),
    limit,
  });
}
