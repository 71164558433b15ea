import type { KnownEvent } from "../events/catalogue.ts";
import type { DocumentStore, GuardedWrite, StoredDocument } from "./document-store.ts";
import { dayId, dayOf, evolveDay } from "./endpoint-day.ts";
import type { EndpointDayDocument } from "./endpoint-day.ts";
import { STANDING_INDEXES, evolveStanding, standingId } from "./endpoint-standing.ts";
import type { EndpointStandingDocument } from "./endpoint-standing.ts";
import { collectionOf } from "./projection.ts";
import type { BatchProjection, Content, LoadDocuments } from "./projection.ts";

/** Whose a delivery is that has not ended: only the first of its events says it. */
interface OpenDeliveryDocument extends StoredDocument {
  readonly endpoint: number;
}

type Writes = readonly GuardedWrite[];

/**
 * What became of each endpoint's deliveries, day by day, and how each endpoint stands now. The events of attempts name
 * their delivery alone, so the model remembers the endpoint of each delivery until it has ended.
 *
 * Days and standings are written before the deliveries that ended are forgotten. So one that is unknown, in a batch that
 * does not begin it, has ended and is in them already; and each skips what stands at or before its own position. An event
 * that opens a delivery again after its end has to name the endpoint.
 */
export const endpointStatistics: BatchProjection = {
  name: "endpoint-statistics",
  version: 2,
  categories: ["delivery", "endpoint"],
  indexes: [["endpoint_id", "day"], ...STANDING_INDEXES],
  reads: "known",
  async foldBatch(events, load) {
    const { byDay, byEndpoint, deliveries } = await sortEvents(events, load);
    const days = await foldOwn<EndpointDayDocument>(byDay, load, evolveDay);
    const standings = await foldOwn<EndpointStandingDocument>(byEndpoint, load, evolveStanding);
    return [[...days, ...standings], deliveries];
  },
};

type Sorted = ReadonlyMap<string, readonly KnownEvent[]>;

/** The events by the day and by the standing that they change, and which deliveries are to be remembered or forgotten. */
async function sortEvents(
  events: readonly KnownEvent[],
  load: LoadDocuments,
): Promise<{ byDay: Sorted; byEndpoint: Sorted; deliveries: Writes }> {
  const ids = new Set(events.flatMap(({ data }) => ("deliveryId" in data ? [deliveryId(data.deliveryId)] : [])));
  const stored = (await load([...ids])) as readonly OpenDeliveryDocument[];
  const before = new Map(stored.map((document) => [document._id, document]));
  const open = new Map(before);
  const byDay = new Map<string, KnownEvent[]>();
  const byEndpoint = new Map<string, KnownEvent[]>();
  for (const event of events) {
    if (!("deliveryId" in event.data)) {
      if ("endpointId" in event.data) addTo(byEndpoint, standingId(event.data.endpointId), event);
      continue;
    }
    const _id = deliveryId(event.data.deliveryId);
    if (event.type === "DeliveryRequested" && !open.has(_id)) {
      open.set(_id, { _id, position: event.position, endpoint: event.data.endpointId });
    }
    const delivery = open.get(_id);
    if (delivery === undefined) continue;
    addTo(byEndpoint, standingId(delivery.endpoint), event);
    const day = dayOf(event);
    if (day !== null) addTo(byDay, dayId(delivery.endpoint, day), event);
    if (isEnd(event)) open.delete(_id);
  }
  const deliveries = [...ids].flatMap((id) => writeOf(id, before.get(id) ?? null, open.get(id) ?? null));
  return { byDay, byEndpoint, deliveries };
}

function addTo(sorted: Map<string, KnownEvent[]>, id: string, event: KnownEvent): void {
  const own = sorted.get(id);
  if (own) own.push(event);
  else sorted.set(id, [event]);
}

/** What has to be written of a delivery; its document never changes while it is there. */
function writeOf(id: string, before: OpenDeliveryDocument | null, after: OpenDeliveryDocument | null): Writes {
  if ((before === null) === (after === null)) return [];
  return [{ id, expected: before?.position ?? null, next: after }];
}

/** The documents with their events in them, but for what each has seen. */
async function foldOwn<D extends StoredDocument>(
  sorted: Sorted,
  load: LoadDocuments,
  evolve: (document: Content<D> | null, event: KnownEvent, id: string) => Content<D> | null,
): Promise<Writes> {
  const stored = (await load([...sorted.keys()])) as readonly D[];
  const before = new Map(stored.map((document) => [document._id, document]));
  const writes: GuardedWrite[] = [];
  for (const [id, events] of sorted) {
    const expected = before.get(id)?.position ?? null;
    const news = events.filter(({ position }) => expected === null || position > expected);
    const last = news.at(-1);
    if (last === undefined) continue;
    const content = news.reduce<Content<D> | null>(
      (document, event) => evolve(document, event, id),
      before.get(id) ?? null,
    );
    if (content !== null) writes.push({ id, expected, next: { ...content, _id: id, position: last.position } });
  }
  return writes;
}

function isEnd(event: KnownEvent): boolean {
  if (event.type === "DeliveryFailed" || event.type === "DeliveryCanceled") return true;
  return event.type === "DeliveryAttempted" && event.data.outcome === "delivered";
}

function deliveryId(id: string): string {
  return `delivery/${id}`;
}

/** Which days are wanted, such as `2026-03-01`: from is inclusive, to exclusive. */
export interface DayRange {
  readonly from?: string;
  readonly to?: string;
}

/** The days of this endpoint on which something happened, latest first, at most `limit`, before the day `before`. */
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
