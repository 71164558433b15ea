import { z } from "zod";
import { OVERLAP_SECONDS } from "../../../commands/rotate-endpoint-secret.ts";

import { messagesOf } from "../../requests/schema-rules.ts";
import type { Parsed } from "../../requests/schema-rules.ts";

const RANGE = `overlap_seconds must be between 0 and ${OVERLAP_SECONDS.max}`;

/** The body of `POST /v1/endpoints/{id}/secret/rotate`. */
export const rotateSecretSchema = z
  .strictObject(
    {
      overlap_seconds: z
        .int({ error: (issue) => (issue.code === "invalid_type" ? "overlap_seconds must be an integer" : RANGE) })
        .min(0, { error: RANGE })
        .max(OVERLAP_SECONDS.max, { error: RANGE })
        .nullish()
        .transform((seconds) => seconds ?? OVERLAP_SECONDS.default)
        .meta({ description: "How long the earlier secret signs as well; 0: it ends at once. Default: a day." }),
    },
    { error: "body must be a JSON object" },
  )
  .meta({ description: "How a secret is rotated." });

/** Reads the body of `POST /v1/endpoints/{id}/secret/rotate`; `{}` when there was none. */
export function parseRotateSecret(body: unknown): Parsed<z.output<typeof rotateSecretSchema>> {
  const result = rotateSecretSchema.safeParse(body);
  if (result.success) return { ok: true, value: result.data };
  const { rules, unknown } = messagesOf(result.error, "field");
  return { ok: false, errors: [...rules, ...unknown] };
}
