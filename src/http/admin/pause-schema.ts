import { z } from "zod";
import { pauseScopeKind } from "../../events/pause.ts";
import { id, time } from "../replies/reply-fields.ts";
import { idSchema } from "../requests/id-schema.ts";
import { lengthBetween, messagesOf, requiredText } from "../requests/schema-rules.ts";
import type { Parsed } from "../requests/schema-rules.ts";

/** How long the reason of a pause is. */
export const REASON_LIMITS = { min: 1, max: 200 } as const;

const reason = requiredText("reason")
  .refine(lengthBetween(REASON_LIMITS.min, REASON_LIMITS.max), {
    error: `reason must be between ${REASON_LIMITS.min} and ${REASON_LIMITS.max} characters`,
  })
  // What is not well-formed has no canonical form, and would stop the audit tree.
  .refine((text) => text.isWellFormed(), { error: "reason must be well-formed Unicode" })
  .meta({ description: "Why; it is kept in the event log.", maxLength: REASON_LIMITS.max });

/** The number of a user or an endpoint that may be absent. */
function optionalId(name: string) {
  return idSchema(name)
    .nullish()
    .transform((number) => number ?? null);
}

const ids = { user_id: optionalId("user_id"), endpoint_id: optionalId("endpoint_id") };
const BOTH = { error: "user_id and endpoint_id must not be given together" };
const NO_OBJECT = { error: "body must be a JSON object" };

/** Whether a body names one scope: everything, a user or an endpoint. */
function isOneScope({ user_id, endpoint_id }: { user_id: number | null; endpoint_id: number | null }): boolean {
  return user_id === null || endpoint_id === null;
}

/** The body of `POST /v1/admin/pause`. */
export const pauseSchema = z.strictObject({ ...ids, reason }, NO_OBJECT).refine(isOneScope, BOTH);

/** The body of `POST /v1/admin/resume`; its reason may be left out. */
export const resumeSchema = z
  .strictObject({ ...ids, reason: reason.nullish().transform((text) => text ?? null) }, NO_OBJECT)
  .refine(isOneScope, BOTH);

/** Reads the body of `POST /v1/admin/pause`. */
export function parsePause(body: unknown): Parsed<z.output<typeof pauseSchema>> {
  return parsed(pauseSchema.safeParse(body));
}

/** Reads the body of `POST /v1/admin/resume`; `{}` when there was none. */
export function parseResume(body: unknown): Parsed<z.output<typeof resumeSchema>> {
  return parsed(resumeSchema.safeParse(body));
}

function parsed<T>(result: z.ZodSafeParseResult<T>): Parsed<T> {
  if (result.success) return { ok: true, value: result.data };
  const { rules, unknown } = messagesOf(result.error, "field");
  return { ok: false, errors: [...rules, ...unknown] };
}

/** A scope and its pause: the reply to `POST /v1/admin/pause` and `…/resume`. */
export const pauseReplySchema = z
  .strictObject({
    scope: pauseScopeKind,
    user_id: id.nullable().meta({ description: "Of the scope `user`." }),
    endpoint_id: id.nullable().meta({ description: "Of the scope `endpoint`." }),
    paused: z.boolean(),
    reason: z.string().nullable().meta({ description: "Null when it is not paused." }),
    since: time.nullable().meta({ description: "Null when it is not paused." }),
  })
  .meta({ description: "What is paused, and why." });

/** The reply to `GET /v1/admin/pauses`: the pauses in force, the oldest first. */
export const pauseListSchema = z
  .strictObject({ data: z.array(pauseReplySchema) })
  .meta({ description: "The pauses in force." });
