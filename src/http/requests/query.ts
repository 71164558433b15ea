import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { HttpError } from "../errors.ts";
import { validOrRefuse } from "./request-body.ts";
import { messagesOf, numberOrSame } from "./schema-rules.ts";
import type { Parsed } from "./schema-rules.ts";

/**
 * The query of a request, for a route that takes parameters or refuses them.
 *
 * @throws HttpError 400 when it cannot be decoded: fastify leaves such a value as it stands, and a filter would find nothing
 */
export function queryOf({ query, raw: { url = "" } }: FastifyRequest): Readonly<Record<string, unknown>> {
  const begin = url.indexOf("?");
  try {
    if (begin !== -1) decodeURIComponent(url.slice(begin + 1));
  } catch {
    throw new HttpError("invalid_request", { errors: ["query must be valid percent-encoded UTF-8"] });
  }
  return query as Readonly<Record<string, unknown>>;
}

/**
 * Parses a query with its schema. Each parameter is a string, or a list of strings if it was sent more than once, which
 * is refused. An empty parameter counts as absent.
 *
 * @param numeric the parameters that the schema wants as numbers; a value that is not a whole number stays a string
 */
export function parseQuery<S extends z.ZodObject>(
  schema: S,
  query: Readonly<Record<string, unknown>>,
  numeric: readonly string[] = [],
): Parsed<z.output<S>> {
  const isKnown = (name: string): boolean => Object.hasOwn(schema.shape, name);
  const given = Object.entries(query).filter(([name, value]) => value !== "" || !isKnown(name));
  const repeated = given.filter(([name, value]) => isKnown(name) && Array.isArray(value));
  if (repeated.length > 0) return { ok: false, errors: repeated.map(([name]) => `${name} must be given once`) };
  const values = given.map(([name, value]) => [name, numeric.includes(name) ? numberOrSame(value) : value]);
  const result = schema.safeParse(Object.fromEntries(values));
  if (result.success) return { ok: true, value: result.data };
  const { rules, unknown } = messagesOf(result.error, "parameter");
  return { ok: false, errors: [...rules, ...unknown] };
}

/**
 * Parses the query of a route for staff as `parseQuery` does. An error about an unknown parameter is followed by those that
 * exist: a filter with a slip in its name must not look like one that found nothing.
 */
export function parseStaffQuery<S extends z.ZodObject>(
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

const NO_PARAMETERS = z.strictObject({});

/**
 * Refuses every parameter, for a route that has none.
 *
 * @throws HttpError 400 when the query has one, or cannot be decoded
 */
export function refuseParameters(request: FastifyRequest): void {
  validOrRefuse(parseStaffQuery(NO_PARAMETERS, queryOf(request)));
}
