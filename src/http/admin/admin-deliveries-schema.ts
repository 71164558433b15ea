import { z } from "zod";
import { attemptErrorCode, waitingFor } from "../../events/delivery-terms.ts";
import { endpointIdSchema } from "../endpoints/schemas/endpoint-id-schema.ts";
import { id, time } from "../replies/reply-fields.ts";
import { idSchema } from "../requests/id-schema.ts";
import type { Parsed } from "../requests/schema-rules.ts";
import { pageParameters } from "../requests/page-parameters.ts";
import { parseStaffQuery } from "../requests/query.ts";

/** What operators list deliveries by. */
export const listedState = z.enum(["due", "held", "under_way", "failed"], {
  error: "state must be one of due, held, under_way, failed",
});
export type ListedState = z.infer<typeof listedState>;

/** Which deliveries an operator asks for; null means no filter. */
export interface AdminDeliveriesQuery {
  readonly state: ListedState;
  readonly user_id: number | null;
  readonly endpoint_id: number | null;
  /** With `due`: also what falls due within so many seconds. */
  readonly within: number;
  readonly limit: number;
  readonly cursor: string | null;
}

/** The longest wait that a schedule may have. */
const MAX_WITHIN_SECONDS = 604_800;
const WITHIN_MESSAGE = `within must be a whole number of seconds from 0 to ${MAX_WITHIN_SECONDS}`;

/** The query of `GET /v1/admin/deliveries`. It both validates and describes. */
export const adminDeliveriesSchema = z.strictObject({
  state: listedState.default("due").meta({ description: "What to list; by default what is due." }),
  user_id: idSchema("user_id").optional().meta({ description: "Only this user's." }),
  endpoint_id: endpointIdSchema.optional().meta({ description: "Only those to this endpoint." }),
  within: z
    .int({ error: WITHIN_MESSAGE })
    .min(0, { error: WITHIN_MESSAGE })
    .max(MAX_WITHIN_SECONDS, { error: WITHIN_MESSAGE })
    .optional()
    .meta({ description: "With `due`: also what falls due within so many seconds." }),
  ...pageParameters("deliveries"),
});

/** Parses that query. The cursor is opaque here and is checked where it is used. */
export function parseAdminDeliveries(query: Readonly<Record<string, unknown>>): Parsed<AdminDeliveriesQuery> {
  const parsed = parseStaffQuery(adminDeliveriesSchema, query, ["user_id", "endpoint_id", "within", "limit"]);
  if (!parsed.ok) return parsed;
  const { state, user_id = null, endpoint_id = null, within, limit, cursor = null } = parsed.value;
  if (within !== undefined && state !== "due") return { ok: false, errors: ["within goes with state=due only"] };
  return { ok: true, value: { state, user_id, endpoint_id, within: within ?? 0, limit, cursor } };
}

/** A delivery as operators list it. */
export const listedDeliverySchema = z
  .strictObject({
    id: z.uuid(),
    user_id: id.nullable().meta({ description: "Null while this instance does not know the endpoint yet." }),
    endpoint_id: id,
    state: listedState,
    due_at: time.nullable().meta({ description: "When something is to be done for it; under way, its lease's end." }),
    waiting_for: waitingFor.nullable().meta({ description: "Null when it is under way or has failed." }),
    since: time.meta({ description: "Since when it waits, is under way, or has failed." }),
    attempts: z.int().min(0).meta({ description: "How many attempts have an outcome." }),
    last_error: z
      .enum([...attemptErrorCode.options, "unknown"])
      .nullable()
      .meta({ description: "Why the last attempt failed; `unknown` when its outcome is." }),
  })
  .meta({ description: "A delivery as operators see it." });

/** The reply to `GET /v1/admin/deliveries`. */
export const listedDeliveriesSchema = z.strictObject({
  data: z.array(listedDeliverySchema),
  next_cursor: z.string().nullable().meta({ description: "Null on the last page. A page before it may be short." }),
});
