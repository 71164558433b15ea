import { z } from "zod";

import { isAbsent } from "../../requests/schema-rules.ts";

const NOT_POSITIVE = "endpoint_id must be greater than 0";

/**
 * The id of an endpoint in a body or a query. Missing and null count as 0 (docs/reference/http-api.md). A number above 2^53 - 1
 * is refused, because it was already rounded to another number when the JSON was parsed.
 */
export const endpointIdSchema = z
  .int({ error: (issue) => message(issue.code, issue.input) })
  .min(1, { error: NOT_POSITIVE });

function message(code: string, input: unknown): string {
  if (code === "too_big") return `endpoint_id must be at most ${Number.MAX_SAFE_INTEGER}`;
  return code === "too_small" || isAbsent(input) ? NOT_POSITIVE : "endpoint_id must be an integer";
}
