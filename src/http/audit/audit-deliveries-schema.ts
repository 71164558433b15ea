import { z } from "zod";
import { pageParameters } from "../requests/page-parameters.ts";
import { parseStaffQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";
import { RANGE_MESSAGE, timeParameter, timeRangeOf } from "../requests/time-range.ts";
import type { TimeRange } from "../requests/time-range.ts";
import { auditEventsSchema } from "./audit-events-schema.ts";

/** The filters of a list of any user's deliveries; null means no filter. Times are those of recording. */
export interface AuditDeliveriesQuery extends TimeRange {
  readonly username: string | null;
  readonly email: string | null;
  readonly user_id: number | null;
  readonly endpoint_id: number | null;
  readonly url: string | null;
  readonly reference: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

const { user_id, endpoint_id } = auditEventsSchema.shape;

/** The query of `GET /v1/audit/deliveries`. It both validates and describes. */
export const auditDeliveriesSchema = z.strictObject({
  username: z.string().optional().meta({ description: "Only deliveries of the user with exactly this name." }),
  email: z
    .string()
    .optional()
    .meta({ description: "Only deliveries of the user with this address, its domain in any spelling." }),
  user_id: user_id.meta({ description: "Only deliveries of this user." }),
  endpoint_id: endpoint_id.meta({ description: "Only deliveries to this endpoint." }),
  url: z.string().optional().meta({ description: "Only deliveries to endpoints whose URL is exactly this now." }),
  reference: z
    .string()
    .optional()
    .meta({ description: "Only deliveries with exactly this reference of their client." }),
  from: timeParameter("from")
    .optional()
    .meta({ description: "Only deliveries whose request was recorded at or after this time." }),
  to: timeParameter("to")
    .optional()
    .meta({ description: "Only deliveries whose request was recorded before this time." }),
  ...pageParameters("deliveries"),
});

/** Parses that query. The cursor is opaque here and is checked where it is used. */
export function parseAuditDeliveries(query: Readonly<Record<string, unknown>>): Parsed<AuditDeliveriesQuery> {
  const parsed = parseStaffQuery(auditDeliveriesSchema, query, ["user_id", "endpoint_id", "limit"]);
  if (!parsed.ok) return parsed;
  const range = timeRangeOf(parsed.value);
  if (range === null) return { ok: false, errors: [RANGE_MESSAGE] };
  const { username = null, email = null, url = null, reference = null, cursor = null } = parsed.value;
  const { user_id = null, endpoint_id = null, limit } = parsed.value;
  return {
    ok: true,
    value: { username, email, user_id, endpoint_id, url, reference, ...range, limit, cursor },
  };
}
