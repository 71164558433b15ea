import type { KnownEvent } from "../../events/catalogue.ts";
import type { AttemptOutcome } from "../../events/delivery-terms.ts";
import type { Content } from "../projection.ts";
import type { StoredDocument } from "../store/document-store.ts";
import { withDuration } from "./duration-histogram.ts";
import type { DurationHistogram } from "./duration-histogram.ts";

/** The outcomes of an endpoint's deliveries on one day in UTC. Days without events have no document. */
export interface EndpointDayDocument extends StoredDocument {
  readonly endpoint_id: number;
  /** Such as `2026-03-01`. */
  readonly day: string;
  /** Deliveries that ended that day. */
  readonly delivered: number;
  readonly failed: number;
  /** Attempts that ended that day, by outcome. */
  readonly attempts: Readonly<Record<AttemptOutcome, number>>;
  /** The durations of the attempts with a known outcome. */
  readonly durations: DurationHistogram;
  /** How many attempts failed with each error code. */
  readonly error_codes: Readonly<Record<string, number>>;
}

/** The id of an endpoint's day. */
export function dayId(endpointId: number, day: string): string {
  return `${endpointId}/${day}`;
}

/** The day after one more event; `id` names a day that has no document yet. */
export function evolveDay(
  before: Content<EndpointDayDocument> | null,
  event: KnownEvent,
  id: string,
): Content<EndpointDayDocument> {
  const day = before ?? emptyDay(id);
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

/** The day in UTC (such as `2026-03-01`) that an event counts towards, or null. Times in events are in UTC. */
export function dayOf(event: KnownEvent): string | null {
  switch (event.type) {
    case "DeliveryAttempted":
      return event.data.endedAt.slice(0, "2026-03-01".length);
    case "DeliveryFailed":
      return event.data.failedAt.slice(0, "2026-03-01".length);
    default:
      return null;
  }
}

function emptyDay(id: string): Content<EndpointDayDocument> {
  const [endpoint, day] = id.split("/") as [string, string];
  const attempts = { delivered: 0, failed: 0, unknown: 0 };
  return { endpoint_id: Number(endpoint), day, delivered: 0, failed: 0, attempts, durations: [], error_codes: {} };
}
