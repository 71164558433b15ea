import { z } from "zod";
import { SETTING_ENTRIES } from "../../../events/chosen-settings.ts";
import { disablingReason, endpointStatus } from "../../../events/endpoint-terms.ts";

import { id, time } from "../../replies/reply-fields.ts";

/** An endpoint as `POST /v1/endpoints` and `GET /v1/users/me` show it. */
export const endpointSchema = z
  .strictObject({ id, url: z.string(), nickname: z.string(), user_id: id })
  .meta({ description: "An endpoint." });

/** An endpoint as `GET /v1/endpoints/{id}` and the routes that change it show it. */
export const endpointDetailsSchema = z
  .strictObject({
    ...endpointSchema.shape,
    status: endpointStatus
      .exclude(["deleted"])
      .meta({ description: "While it is disabled, what is dispatched is accepted and held." }),
    disabled_reason: disablingReason
      .nullable()
      .meta({ description: "`gone`: it answered 410. `failing`: no attempt succeeded for long. Null while enabled." }),
    ...Object.fromEntries(SETTING_ENTRIES.map(([, { name, shown }]) => [name, shown])),
    created_at: time,
    updated_at: time,
  })
  .meta({ description: "An endpoint, with all that its owner may change." });

/** The reply to `GET /v1/endpoints`, by ascending id. */
export const endpointListSchema = z
  .strictObject({
    data: z.array(endpointDetailsSchema),
    next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
  })
  .meta({ description: "A page of endpoints." });

/** The reply to `GET /v1/endpoints/{id}/secret` and `POST /v1/endpoints/{id}/secret/rotate`. */
export const endpointSecretSchema = z
  .strictObject({
    secret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]{43}=$/)
      .meta({ description: "Verifies the `v1` of `webhook-signature`." }),
    previous_secret_expires_at: time
      .optional()
      .meta({ description: "Until then the secret before it signs as well. Absent when none does." }),
    public_key: z
      .string()
      .regex(/^whpk_[A-Za-z0-9+/]{43}=$/)
      .optional()
      .meta({ description: "Verifies the `v1a` of `webhook-signature`. Present when ed25519 is switched on." }),
  })
  .meta({ description: "What an endpoint's receiver verifies deliveries with (Standard Webhooks 1.0.0)." });
