import { z } from "zod";
import { deliveryStatus } from "../../events/delivery-terms.ts";
import type { DeliveryStatus } from "../../events/delivery-terms.ts";
import { isTime, utcOf } from "../../runtime/utc-time.ts";

import { endpointIdSchema } from "../endpoints/schemas/endpoint-id-schema.ts";
import { referenceSchema } from "../requests/reference-rule.ts";
import { parseQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";

/** The status of a delivery, as a client asks for it. */
export const deliveryStatusSchema = z.enum(deliveryStatus.options, {
  error: `status must be one of ${deliveryStatus.options.join(", ")}`,
});

/** The filters of a list of deliveries; null means no filter. Times are ISO 8601 UTC with milliseconds. */
export interface DeliveryListQuery {
  readonly status: DeliveryStatus | null;
  readonly endpoint_id: number | null;
  readonly reference: string | null;
  /** Inclusive. */
  readonly from: string | null;
  /** Exclusive. */
  readonly to: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

function time(name: string): z.ZodISODateTime {
  const error = `${name} must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z`;
  return z.iso.datetime({ offset: true, error }).refine(isTime, { error });
}

/** How many things a page of a list has. */
export const PAGE_LIMITS = { min: 1, max: 100, default: 20 } as const;
/** No cursor that we write is longer. */
const MAX_CURSOR_CHARACTERS = 1024;
const LIMIT_MESSAGE = `limit must be between ${PAGE_LIMITS.min} and ${PAGE_LIMITS.max}`;

/** The query of `GET /v1/deliveries`, with its numbers as numbers. It both validates and describes. */
export const listDeliveriesSchema = z.strictObject({
  status: deliveryStatusSchema.optional().meta({ description: "Only deliveries with this status." }),
  endpoint_id: endpointIdSchema.optional().meta({ description: "Only deliveries to this endpoint." }),
  reference: referenceSchema("reference")
    .optional()
    .meta({ description: "Only deliveries with exactly this reference." }),
  from: time("from").optional().meta({ description: "Only deliveries created at or after this time." }),
  to: time("to").optional().meta({ description: "Only deliveries created before this time." }),
  limit: z
    .int({ error: (issue) => (issue.code === "invalid_type" ? "limit must be an integer" : LIMIT_MESSAGE) })
    .min(PAGE_LIMITS.min, { error: LIMIT_MESSAGE })
    .max(PAGE_LIMITS.max, { error: LIMIT_MESSAGE })
    .default(PAGE_LIMITS.default)
    .meta({ description: "How many deliveries a page has at most." }),
  cursor: z
    .string()
    .max(MAX_CURSOR_CHARACTERS, { error: "cursor must be the next_cursor of an earlier page" })
    .optional()
    .meta({ description: "The `next_cursor` of the page before, with the same filters." }),
});

/** Reads the query of `GET /v1/deliveries`. The cursor is opaque here and is checked where it is used. */
export function parseListDeliveries(query: Readonly<Record<string, unknown>>): Parsed<DeliveryListQuery> {
  const parsed = parseQuery(listDeliveriesSchema, query, ["endpoint_id", "limit"]);
  if (!parsed.ok) return parsed;
  const { status = null, endpoint_id = null, reference = null, limit, cursor = null } = parsed.value;
  const from = parsed.value.from === undefined ? null : utcOf(parsed.value.from);
  const to = parsed.value.to === undefined ? null : utcOf(parsed.value.to);
  if (from !== null && to !== null && from > to) return { ok: false, errors: ["from must not be after to"] };
  return { ok: true, value: { status, endpoint_id, reference, from, to, limit, cursor } };
}
