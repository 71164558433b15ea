import { z } from "zod";
import { readMoment } from "../../projections/history/moment.ts";
import type { Moment } from "../../projections/history/moment.ts";
import { deliverySchema } from "../replies/reply-schemas.ts";
import { parseQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";

const NOT_A_MOMENT =
  "at must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z (a + in it is written %2B) or a position, 20 digits";

/** The query of a delivery that may be looked at as it was. It both validates and describes. */
export const deliveryMomentSchema = z.strictObject({
  at: z
    .string()
    .refine((text) => readMoment(text) !== null, { error: NOT_A_MOMENT })
    .optional()
    .meta({
      description: "As it was at this time, or at this position of the log; what was recorded then is part of it.",
    }),
});

/** Reads that query; null is now. */
export function parseDeliveryMoment(query: Readonly<Record<string, unknown>>): Parsed<Moment | null> {
  const parsed = parseQuery(deliveryMomentSchema, query);
  if (!parsed.ok) return parsed;
  return { ok: true, value: parsed.value.at === undefined ? null : readMoment(parsed.value.at) };
}

/** The endpoint of a delivery as it was. */
export const endpointInForceSchema = z
  .strictObject({ id: z.int().min(1), url: z.string(), nickname: z.string() })
  .nullable()
  .meta({ description: "The endpoint as it was then; null when there was none." });

/** The reply to `GET /v1/deliveries/{id}?at=`, and to the auditors' routes of one delivery. */
export const pastDeliverySchema = deliverySchema.extend({ endpoint: endpointInForceSchema });

/** One event of a delivery with the delivery after it. */
export const deliveryEventSchema = z
  .strictObject({
    position: z.string().meta({ description: "Where in the log. Opaque; later events have greater ones." }),
    revision: z.int().min(0).meta({ description: "Counts the delivery's events from 0." }),
    id: z.uuid(),
    type: z.string(),
    time: z.iso.datetime({ precision: 3 }).meta({
      description: "When the log recorded it, which the audit tree does not prove; it proves the times in `data`.",
    }),
    actor: z.string().meta({ description: "Who: `user:<id>`, `anonymous`, or a process." }),
    correlation_id: z.string().meta({ description: "The request that all of this goes back to." }),
    causation_id: z.string().meta({ description: "The command or event that directly led to it." }),
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: "What happened. The payload is left out; it has its own route." }),
    state_after: deliverySchema,
  })
  .meta({ description: "An event of a delivery." });

/** The reply to `GET /v1/deliveries/{id}/events`, in the order of the log. */
export const deliveryEventListSchema = z
  .strictObject({ data: z.array(deliveryEventSchema) })
  .meta({ description: "All events of a delivery, or those up to `at`." });
