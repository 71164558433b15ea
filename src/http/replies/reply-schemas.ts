import { z } from "zod";

import {
  attemptErrorCode,
  attemptOutcome,
  deliveryStatus,
  endReason,
  waitingFor,
} from "../../events/delivery-terms.ts";
import { MAX_RESPONSE_BODY_BYTES } from "../../processes/sending/answers/response-body.ts";
import { rebuildPhase, shownState } from "../../projections/running/projection-terms.ts";
import { UUID } from "../../runtime/uuid.ts";
import { endpointSchema } from "../endpoints/schemas/endpoint-reply-schemas.ts";
import { id, time } from "./reply-fields.ts";

/** The reply to `POST /v1/users`. */
export const apiKeySchema = z
  .strictObject({ api_key: z.string().regex(UUID).meta({ format: "uuid" }) })
  .meta({ description: "The new user's key. It is shown this once." });

/** The reply to `GET /v1/users/me`. */
export const userSchema = z
  .strictObject({
    id,
    username: z.string(),
    email: z.string().nullable().meta({ description: "Null when unset." }),
    endpoints: z.array(endpointSchema).meta({ description: "By ascending id." }),
  })
  .meta({ description: "A user." });

/** One attempt of a delivery. */
export const attemptSchema = z
  .strictObject({
    number: z.int().min(1).meta({ description: "Counts the delivery's attempts." }),
    round: z.int().min(1).meta({ description: "Counts its rounds: each resend begins one." }),
    started_at: time,
    duration_ms: z.number().min(0).meta({ description: "How long the attempt took, in milliseconds." }),
    outcome: attemptOutcome.meta({
      description: "`unknown`: the process ended during the attempt; the endpoint may have got it.",
    }),
    url: z.string().meta({ description: "Where it was sent." }),
    response_status: z.int().min(0).max(999).nullable().meta({ description: "Null when no answer came." }),
    response_body: z
      .string()
      .nullable()
      .meta({ description: `The first ${MAX_RESPONSE_BODY_BYTES / 1024} KiB of the answer, as text.` }),
    response_truncated: z.boolean().meta({ description: "The answer was longer than that." }),
    error_code: attemptErrorCode.nullable().meta({ description: "Null when it was delivered." }),
    next_attempt_at: time.nullable(),
    connections: z.int().min(1).max(2).meta({
      description: "2 when the receiver closed a kept connection before a byte of its answer, and a new one was used.",
    }),
  })
  .meta({ description: "An attempt to deliver." });

/** One delivery with its attempts. */
export const deliverySchema = z
  .strictObject({
    id: z.uuid(),
    endpoint_id: id,
    user_id: id,
    status: deliveryStatus,
    attempts: z.int().min(0).meta({ description: "How many attempts there were." }),
    next_attempt_at: time.nullable(),
    created_at: time,
    completed_at: time.nullable(),
    payload_bytes: z.int().min(2),
    payload_sha256: z.string().regex(/^[0-9a-f]{64}$/),
    failure_reason: endReason.nullable(),
    attempt_log: z.array(attemptSchema).meta({ description: "In the order of their start." }),
  })
  .meta({ description: "A delivery." });

const { id: deliveryId, endpoint_id, user_id, status, attempts, next_attempt_at, ...rest } = deliverySchema.shape;

/** A delivery as it is now. */
export const currentDeliverySchema = z
  .strictObject({
    ...{ id: deliveryId, endpoint_id, user_id, status, attempts, next_attempt_at },
    waiting_for: waitingFor.nullable().meta({
      description: "Why it waits; null when it has ended, while an attempt is under way, and where nobody can tell.",
    }),
    ...rest,
  })
  .meta({ description: "A delivery as it is now." });

/** The event that a projection cannot go past. */
const faultSchema = z.strictObject({ stream: z.string(), revision: z.string(), reason: z.string() }).nullable();

/** A projection as an operator sees it. */
export const projectionSchema = z.strictObject({
  name: z.string(),
  version: z.int().positive(),
  state: shownState,
  position: z.string().nullable(),
  head: z.string().nullable(),
  lag_events: z.int().nullable(),
  lag_seconds: z.number().nonnegative(),
  fault: faultSchema,
  rebuild: z
    .strictObject({
      version: z.int().positive(),
      phase: rebuildPhase,
      position: z.string().nullable(),
      fault: faultSchema,
    })
    .nullable(),
  last_comparison: z.strictObject({ differing: z.int(), undecided: z.int() }).nullable(),
  digest: z.strictObject({ sha256: z.string(), position: z.string().nullable(), exact: z.boolean() }).nullable(),
});

/** The reply to `GET /v1/admin/projections`. */
export const projectionListSchema = z.strictObject({ data: z.array(projectionSchema) });

/** The reply to `GET /v1/deliveries`, newest first. */
export const deliveryListSchema = z
  .strictObject({
    data: z.array(currentDeliverySchema),
    next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
  })
  .meta({ description: "A page of deliveries." });

const sha256 = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

/** The reply to `GET /v1/audit/proof/{event_id}`. Hashes are SHA-256 in base64; the algorithms are RFC 6962's. */
export const auditProofReplySchema = z
  .strictObject({
    event_id: z.uuid(),
    leaf_index: z.int().min(0).meta({ description: "Counts the log's events from 0." }),
    tree_size: z.int().min(1),
    leaf_hash: sha256.meta({
      description: "Of the event as canonical JSON: id, stream, revision, type, data, metadata.",
    }),
    root: sha256.meta({ description: "Of the tree of this size." }),
    proof: z.array(sha256).meta({ description: "The inclusion proof, from the leaf upwards." }),
    consistency: z
      .strictObject({ from_size: z.int().min(1), from_root: sha256, proof: z.array(sha256) })
      .optional()
      .meta({ description: "That the tree begins with the one of `from_size` leaves. Present when it was asked for." }),
  })
  .meta({ description: "The proof that an event is in the log." });

/** The body of every error reply. */
export const errorSchema = z
  .strictObject({
    error: z.string(),
    status_code: z.int().min(400).max(599),
    timestamp: time,
    details: z
      .strictObject({ errors: z.array(z.string()) })
      .optional()
      .meta({ description: "Present when it says something." }),
  })
  .meta({ description: "What went wrong." });
