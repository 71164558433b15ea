import { z } from "zod";

import { messagesOf } from "./schema-rules.ts";
import type { Parsed } from "./schema-rules.ts";

/** The body of a route without fields: none, or an empty object. */
export const noFieldsSchema = z.strictObject({}, { error: "body must be a JSON object" });

/** Parses such a body; `{}` without one. */
export function parseNoFields(body: unknown): Parsed<object> {
  const result = noFieldsSchema.safeParse(body);
  if (result.success) return { ok: true, value: {} };
  const { rules, unknown } = messagesOf(result.error, "field");
  return { ok: false, errors: [...rules, ...unknown] };
}
