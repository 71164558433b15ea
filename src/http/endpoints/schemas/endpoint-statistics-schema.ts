import { z } from "zod";
import { attemptErrorCode } from "../../../events/delivery-terms.ts";
import type { AttemptOutcome } from "../../../events/delivery-terms.ts";

import { pageParameters } from "../../requests/page-parameters.ts";
import { parseQuery } from "../../requests/query.ts";
import type { Parsed } from "../../requests/schema-rules.ts";

/** Which days of an endpoint a client asks for; null means no limit. Days such as `2026-01-31`, in UTC. */
export interface EndpointStatisticsQuery {
  /** Inclusive. */
  readonly from: string | null;
  /** Exclusive. */
  readonly to: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

function day(name: string): z.ZodISODate {
  return z.iso.date({ error: `${name} must be a day such as 2026-01-31` });
}

/** The query of `GET /v1/endpoints/{id}/statistics`, its limit as a number. It both validates and describes. */
export const endpointStatisticsQuerySchema = z.strictObject({
  from: day("from").optional().meta({ description: "Only this day (in UTC) and later ones." }),
  to: day("to").optional().meta({ description: "Only days before this one." }),
  ...pageParameters("days"),
});

/** Reads that query. The cursor is opaque here and is checked where it is used. */
export function parseEndpointStatistics(query: Readonly<Record<string, unknown>>): Parsed<EndpointStatisticsQuery> {
  const parsed = parseQuery(endpointStatisticsQuerySchema, query, ["limit"]);
  if (!parsed.ok) return parsed;
  const { from = null, to = null, limit, cursor = null } = parsed.value;
  if (from !== null && to !== null && from > to) return { ok: false, errors: ["from must not be after to"] };
  return { ok: true, value: { from, to, limit, cursor } };
}

const count = z.int().min(0);
const milliseconds = z
  .int()
  .min(0)
  .nullable()
  .meta({ description: "In ms, at most 10 % above the exact value and never below it. Null without such attempts." });

/** What became of an endpoint's deliveries on one day. */
export const endpointDaySchema = z
  .strictObject({
    day: z.iso.date().meta({ description: "A day in UTC.", examples: ["2026-01-31"] }),
    delivered: count.meta({ description: "Deliveries that succeeded that day." }),
    failed: count.meta({ description: "Deliveries that were given up that day." }),
    attempts: count.meta({ description: "Attempts that ended that day, whatever their outcome." }),
    attempt_outcomes: z
      .strictObject({ delivered: count, failed: count, unknown: count } satisfies Record<AttemptOutcome, z.ZodType>)
      .meta({ description: "The same attempts by outcome." }),
    p50_duration_ms: milliseconds,
    p95_duration_ms: milliseconds,
    error_codes: z
      .partialRecord(attemptErrorCode, z.int().min(1))
      .meta({ description: "How many attempts failed with each code." }),
  })
  .meta({
    description:
      "What became of an endpoint's deliveries on a day. Durations are those of attempts with a known outcome.",
  });

/** The reply to `GET /v1/endpoints/{id}/statistics`, latest day first; a day on which nothing ended is left out. */
export const endpointStatisticsSchema = z
  .strictObject({
    data: z.array(endpointDaySchema),
    next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
  })
  .meta({ description: "A page of days." });
