import { z } from "zod";
import { listDeliveriesSchema } from "../deliveries/list-deliveries-schema.ts";
import { parseQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";

const { limit, cursor } = listDeliveriesSchema.shape;

/** What every list for operators takes. */
export const pageSchema = z.strictObject({
  limit: limit.meta({ description: "How many a page has at most." }),
  cursor,
});

/**
 * Parses the query of an operators' view as `parseQuery` does. A query with a parameter that does not exist is told which
 * ones do: a mistyped filter must not look like one that found nothing.
 */
export function parseAdminQuery<S extends z.ZodObject>(
  schema: S,
  query: Readonly<Record<string, unknown>>,
  numeric: readonly string[] = ["limit"],
): Parsed<z.output<S>> {
  const parsed = parseQuery(schema, query, numeric);
  const known = Object.keys(schema.shape);
  if (parsed.ok || Object.keys(query).every((name) => known.includes(name))) return parsed;
  const which = known.length === 0 ? "there are no parameters" : `the parameters are ${known.join(", ")}`;
  return { ok: false, errors: [...parsed.errors, which] };
}
