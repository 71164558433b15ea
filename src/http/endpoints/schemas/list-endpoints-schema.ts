import { z } from "zod";

import { pageParameters } from "../../requests/page-parameters.ts";
import { parseQuery } from "../../requests/query.ts";
import type { Parsed } from "../../requests/schema-rules.ts";

/** The query of `GET /v1/endpoints`, its limit as a number. It both validates and describes. */
export const listEndpointsSchema = z.strictObject({
  ...pageParameters("endpoints"),
});

/** Reads that query. The cursor is opaque here and is checked where it is used. */
export function parseListEndpoints(
  query: Readonly<Record<string, unknown>>,
): Parsed<{ readonly limit: number; readonly cursor: string | null }> {
  const parsed = parseQuery(listEndpointsSchema, query, ["limit"]);
  if (!parsed.ok) return parsed;
  const { limit, cursor = null } = parsed.value;
  return { ok: true, value: { limit, cursor } };
}
