import { z } from "zod";
import { disablingReason, endpointStatus } from "../../../events/endpoint-terms.ts";
import { id, time } from "../../replies/reply-fields.ts";
import { idSchema } from "../../requests/id-schema.ts";
import { pageParameters } from "../../requests/page-parameters.ts";

const username = z.string().optional();

/** The query of `GET /v1/audit/users`. It both validates and describes. */
export const auditUsersSchema = z.strictObject({
  username: username.meta({ description: "Only the user with exactly this name." }),
  email: z.string().optional().meta({ description: "Only the user with this address, its domain in any spelling." }),
  ...pageParameters("users"),
});

/** The query of `GET /v1/audit/endpoints`. It both validates and describes. */
export const auditEndpointsSchema = z.strictObject({
  url: z.string().optional().meta({ description: "Only endpoints with exactly this URL." }),
  username: username.meta({ description: "Only endpoints of the user with exactly this name." }),
  user_id: idSchema("user_id").optional().meta({ description: "Only endpoints of this user." }),
  ...pageParameters("endpoints"),
});

const nextCursor = z.string().nullable().meta({ description: "Null on the last page." });

/** The reply to `GET /v1/audit/users`, by ascending id. */
export const auditUserListSchema = z.strictObject({
  data: z.array(z.strictObject({ id, username: z.string(), email: z.string().nullable(), created_at: time })),
  next_cursor: nextCursor,
});

/** The reply to `GET /v1/audit/endpoints`, by ascending id; nothing secret is in it. */
export const auditEndpointListSchema = z.strictObject({
  data: z.array(
    z.strictObject({
      id,
      user_id: id,
      url: z.string(),
      nickname: z.string(),
      status: endpointStatus,
      disabled_reason: disablingReason.nullable(),
      created_at: time,
      updated_at: time,
    }),
  ),
  next_cursor: nextCursor,
});
