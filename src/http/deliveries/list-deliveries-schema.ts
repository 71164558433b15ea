import { z } from "zod";
import { deliveryStatus } from "../../events/delivery-terms.ts";
import type { DeliveryStatus } from "../../events/delivery-terms.ts";
import { endpointIdSchema } from "../endpoints/schemas/endpoint-id-schema.ts";
import { pageParameters } from "../requests/page-parameters.ts";
import { parseQuery } from "../requests/query.ts";
import { referenceSchema } from "../requests/reference-rule.ts";
import type { Parsed } from "../requests/schema-rules.ts";
import { RANGE_MESSAGE, timeParameter, timeRangeOf } from "../requests/time-range.ts";
import type { TimeRange } from "../requests/time-range.ts";

/** The status of a delivery, as a client asks for it. */
export const deliveryStatusSchema = z.enum(deliveryStatus.options, {
  error: `status must be one of ${deliveryStatus.options.join(", ")}`,
});

/** The filters of a list of deliveries; null means no filter. */
export interface DeliveryListQuery extends TimeRange {
  readonly status: DeliveryStatus | null;
  readonly endpoint_id: number | null;
  readonly reference: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

/** The query of `GET /v1/deliveries`, with its numbers as numbers. It both validates and describes. */
export const listDeliveriesSchema = z.strictObject({
  status: deliveryStatusSchema.optional().meta({ description: "Only deliveries with this status." }),
  endpoint_id: endpointIdSchema.optional().meta({ description: "Only deliveries to this endpoint." }),
  reference: referenceSchema("reference")
    .optional()
    .meta({ description: "Only deliveries with exactly this reference." }),
  from: timeParameter("from").optional().meta({ description: "Only deliveries created at or after this time." }),
  to: timeParameter("to").optional().meta({ description: "Only deliveries created before this time." }),
  ...pageParameters("deliveries"),
});

/** Reads the query of `GET /v1/deliveries`. The cursor is opaque here and is checked where it is used. */
export function parseListDeliveries(query: Readonly<Record<string, unknown>>): Parsed<DeliveryListQuery> {
  const parsed = parseQuery(listDeliveriesSchema, query, ["endpoint_id", "limit"]);
  if (!parsed.ok) return parsed;
  const { status = null, endpoint_id = null, reference = null, limit, cursor = null } = parsed.value;
  const range = timeRangeOf(parsed.value);
  if (range === null) return { ok: false, errors: [RANGE_MESSAGE] };
  return { ok: true, value: { status, endpoint_id, reference, ...range, limit, cursor } };
}
