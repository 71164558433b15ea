import { z } from "zod";
import { endpointStatus } from "../../events/endpoint-terms.ts";
import { id, time } from "../replies/reply-fields.ts";
import { pageParameters } from "../requests/page-parameters.ts";
import type { Parsed } from "../requests/schema-rules.ts";
import { parseStaffQuery } from "../requests/query.ts";

const count = z.int().min(0);
const next_cursor = z.string().nullable().meta({ description: "Null on the last page." });

/** A page of a list; a null cursor begins it. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor: string | null;
}

/** The query of `GET /v1/admin/endpoints`. It both validates and describes. */
export const adminEndpointsSchema = z.strictObject(pageParameters("endpoints"));

/** Parses that query. */
export function parseAdminEndpoints(query: Readonly<Record<string, unknown>>): Parsed<PageQuery> {
  const parsed = parseStaffQuery(adminEndpointsSchema, query);
  if (!parsed.ok) return parsed;
  const { limit, cursor = null } = parsed.value;
  return { ok: true, value: { limit, cursor } };
}

/** An endpoint as operators see it. */
export const listedEndpointSchema = z
  .strictObject({
    id,
    user_id: id,
    url: z.string().nullable().meta({ description: "Null while this instance does not know the endpoint yet." }),
    nickname: z.string().nullable(),
    status: endpointStatus.nullable(),
    failures: count.meta({ description: "Failed attempts in a row." }),
    failing_since: time.nullable().meta({ description: "When the first of those ended." }),
    pending: count.meta({ description: "Deliveries that have not ended." }),
    paused: z
      .boolean()
      .meta({ description: "Whether a pause of everything, its user or itself keeps attempts from it." }),
  })
  .meta({ description: "An endpoint as operators see it." });

/** The reply to `GET /v1/admin/endpoints`. */
export const listedEndpointsSchema = z.strictObject({ data: z.array(listedEndpointSchema), next_cursor });

/** What users are listed by. */
const order = z.enum(["backlog", "rate"], { error: "order must be one of backlog, rate" });

/** The query of `GET /v1/admin/users`. It both validates and describes. */
export const adminUsersSchema = z.strictObject({
  order: order
    .default("backlog")
    .meta({ description: "`backlog`: the most pending first; `rate`: the most dispatches." }),
  ...pageParameters("users"),
});

/** Parses that query. */
export function parseAdminUsers(
  query: Readonly<Record<string, unknown>>,
): Parsed<PageQuery & { readonly order: z.infer<typeof order> }> {
  const parsed = parseStaffQuery(adminUsersSchema, query);
  if (!parsed.ok) return parsed;
  const { order: by, limit, cursor = null } = parsed.value;
  if (by === "rate" && cursor !== null) {
    return { ok: false, errors: ["cursor goes with order=backlog only: rates change while you page"] };
  }
  return { ok: true, value: { order: by, limit, cursor } };
}

/** A user as operators see it. */
export const listedUserSchema = z
  .strictObject({
    id,
    username: z.string().nullable().meta({ description: "Null while the read models do not know the user yet." }),
    backlog: count.meta({ description: "Deliveries that have not ended." }),
    dispatches_last_minute: count.meta({ description: "An estimate: accepted in the last 60 s." }),
    paused: z.boolean().meta({ description: "Whether a pause of everything or of this user keeps attempts back." }),
  })
  .meta({ description: "A user as operators see it." });

/** The reply to `GET /v1/admin/users`. */
export const listedUsersSchema = z.strictObject({ data: z.array(listedUserSchema), next_cursor });
