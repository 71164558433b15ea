import { z } from "zod";
import { isAbsent } from "./schema-rules.ts";

/**
 * The number of a user or an endpoint in a body or a query. Missing and null count as 0 (docs/reference/http-api.md). A number
 * above 2^53 - 1 is refused, because it was already rounded to another number when the JSON was parsed.
 *
 * @param name of the field or parameter, for the messages
 */
export function idSchema(name: string): z.ZodInt {
  const notPositive = `${name} must be greater than 0`;
  const message = (code: string, input: unknown): string => {
    if (code === "too_big") return `${name} must be at most ${Number.MAX_SAFE_INTEGER}`;
    return code === "too_small" || isAbsent(input) ? notPositive : `${name} must be an integer`;
  };
  return z.int({ error: (issue) => message(issue.code, issue.input) }).min(1, { error: notPositive });
}
