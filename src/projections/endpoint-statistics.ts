import type { KnownEvent } from "../events/catalogue.ts";
import type { DocumentStore, GuardedWrite, StoredDocument } from "./document-store.ts";
import { withDuration } from "./duration-histogram.ts";
import type { DurationHistogram } from "./duration-histogram.ts";
import { collectionOf } from "./projection.ts";
import type { BatchProjection, Content, LoadDocuments } from "./projection.ts";

/** What became of an endpoint's deliveries on one day of UTC. There is none for a day on which nothing happened. */
export interface EndpointDayDocument extends StoredDocument {
  readonly endpoint_id: number;
  /** Such as `2026-03-01`. */
  readonly day: string;
  /** Deliveries that ended that day. */
  readonly delivered: number;
  readonly failed: number;
  /** Attempts that ended that day, by outcome. */
  readonly attempts: Readonly<Record<"delivered" | "failed" | "unknown", number>>;
  /** Of those attempts whose outcome is known: how long the others took, nobody knows. */
  readonly durations: DurationHistogram;
  /** How many attempts failed with each code, by code. */
  readonly error_codes: Readonly<Record<string, number>>;
}

/** Whose a delivery is that has not ended: only the first of its events says it. */
interface OpenDeliveryDocument extends StoredDocument {
  readonly endpoint: number;
}

type Writes = readonly GuardedWrite[];

/**
 * What became of each endpoint's deliveries, day by day. The events of attempts name their delivery alone, so the model
 * remembers the endpoint of each delivery until it has ended.
 *
 * Days are written before the deliveries that ended are forgotten. So one that is unknown, in a batch that does not
 * begin it, has ended and is in its days already; and a day skips what stands at or before its own position. An event
 * that opens a delivery again after its end has to name the endpoint.
 */
export const endpointStatistics: BatchProjection = {
  name: "endpoint-statistics",
  version: 1,
  categories: ["delivery"],
  indexes: [["endpoint_id", "day"]],
  reads: "known",
  async foldBatch(events, load) {
    const { byDay, deliveries } = await sortByDay(events, load);
    return [await foldDays(byDay, load), deliveries];
  },
};

/** The events that count, by the day to which they do, and which deliveries are to be remembered or forgotten. */
async function sortByDay(
  events: readonly KnownEvent[],
  load: LoadDocuments,
): Promise<{ byDay: ReadonlyMap<string, readonly KnownEvent[]>; deliveries: Writes }> {
  const ids = new Set(events.flatMap(({ data }) => ("deliveryId" in data ? [deliveryId(data.deliveryId)] : [])));
  const stored = (await load([...ids])) as readonly OpenDeliveryDocument[];
  const before = new Map(stored.map((document) => [document._id, document]));
  const open = new Map(before);
  const byDay = new Map<string, KnownEvent[]>();
  for (const event of events) {
    if (!("deliveryId" in event.data)) continue;
    const _id = deliveryId(event.data.deliveryId);
    if (event.type === "DeliveryRequested") {
      if (!open.has(_id)) open.set(_id, { _id, position: event.position, endpoint: event.data.endpointId });
      continue;
    }
    const day = dayOf(event);
    const delivery = open.get(_id);
    if (day === null || delivery === undefined) continue;
    const id = dayId(delivery.endpoint, day);
    const own = byDay.get(id);
    if (own) own.push(event);
    else byDay.set(id, [event]);
    if (isEnd(event)) open.delete(_id);
  }
  const deliveries = [...ids].flatMap((id) => writeOf(id, before.get(id) ?? null, open.get(id) ?? null));
  return { byDay, deliveries };
}

/** What has to be written of a delivery; its document never changes while it is there. */
function writeOf(id: string, before: OpenDeliveryDocument | null, after: OpenDeliveryDocument | null): Writes {
  if ((before === null) === (after === null)) return [];
  return [{ id, expected: before?.position ?? null, next: after }];
}

/** The days with these events in them, but for what a day has seen. */
async function foldDays(byDay: ReadonlyMap<string, readonly KnownEvent[]>, load: LoadDocuments): Promise<Writes> {
  const stored = (await load([...byDay.keys()])) as readonly EndpointDayDocument[];
  const before = new Map(stored.map((document) => [document._id, document]));
  const writes: GuardedWrite<EndpointDayDocument>[] = [];
  for (const [id, events] of byDay) {
    const expected = before.get(id)?.position ?? null;
    const news = events.filter(({ position }) => expected === null || position > expected);
    const last = news.at(-1);
    if (last === undefined) continue;
    const content = news.reduce<Content<EndpointDayDocument>>(evolveDay, before.get(id) ?? emptyDay(id));
    writes.push({ id, expected, next: { ...content, _id: id, position: last.position } });
  }
  return writes;
}

function evolveDay(day: Content<EndpointDayDocument>, event: KnownEvent): Content<EndpointDayDocument> {
  switch (event.type) {
    case "DeliveryAttempted": {
      const { outcome, durationMs, errorCode } = event.data;
      return {
        ...day,
        delivered: day.delivered + (outcome === "delivered" ? 1 : 0),
        attempts: { ...day.attempts, [outcome]: day.attempts[outcome] + 1 },
        durations: outcome === "unknown" ? day.durations : withDuration(day.durations, durationMs),
        error_codes: errorCode === null ? day.error_codes : withOneMore(day.error_codes, errorCode),
      };
    }
    case "DeliveryFailed":
      return { ...day, failed: day.failed + 1 };
    default:
      return day;
  }
}

function withOneMore(counts: Readonly<Record<string, number>>, code: string): Readonly<Record<string, number>> {
  const before = Object.hasOwn(counts, code) ? (counts[code] ?? 0) : 0;
  const entries = [...Object.entries(counts).filter(([other]) => other !== code), [code, before + 1] as const];
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The day in UTC to which an event counts, or null when it counts to none. Times in events are in UTC. */
function dayOf(event: KnownEvent): string | null {
  switch (event.type) {
    case "DeliveryAttempted":
      return event.data.endedAt.slice(0, "2026-03-01".length);
    case "DeliveryFailed":
      return event.data.failedAt.slice(0, "2026-03-01".length);
    default:
      return null;
  }
}

function isEnd(event: KnownEvent): boolean {
  return event.type === "DeliveryFailed" || (event.type === "DeliveryAttempted" && event.data.outcome === "delivered");
}

function emptyDay(id: string): Content<EndpointDayDocument> {
  const [endpoint, day] = id.split("/") as [string, string];
  const attempts = { delivered: 0, failed: 0, unknown: 0 };
  return { endpoint_id: Number(endpoint), day, delivered: 0, failed: 0, attempts, durations: [], error_codes: {} };
}

function deliveryId(id: string): string {
  return `delivery/${id}`;
}

function dayId(endpointId: number, day: string): string {
  return `${endpointId}/${day}`;
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
