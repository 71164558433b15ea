import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpError } from "../errors.ts";
import { readJsonBody } from "./json-body.ts";
import type { JsonBody } from "./json-body.ts";
import type { Parsed } from "./schema-rules.ts";

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
/** ASCII is a part of it. */
const UTF_8 = /^(?:utf-?8|us-ascii)$/i;

/**
 * Accepts only bodies of `application/json`. They stay bytes until a route calls `bodyOf`: after a parser's error
 * fastify would close the connection, although the body was read to its end.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, bytes, done) => done(null, bytes));
}

/**
 * The body of a request that must have one.
 *
 * @throws HttpError 415 when it is not in UTF-8 or is encoded, 400 when it is missing
 * @throws MalformedBody when it is not a JSON object
 */
export function bodyOf(request: FastifyRequest): JsonBody {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
  const charset = CHARSET.exec(type)?.[1] ?? "utf-8";
  if (!UTF_8.test(charset)) throw new HttpError("unsupported_media_type", { errors: ["body must be in UTF-8"] });
  if (encoding.toLowerCase() !== "identity") throw new HttpError("unsupported_media_type");
  if (!(request.body instanceof Uint8Array)) {
    throw new HttpError("invalid_request", { errors: ["body must be a JSON object"] });
  }
  return readJsonBody(request.body);
}

/**
 * The body of a request that may have none; `{}` then.
 *
 * @throws as `bodyOf`
 */
export function optionalBodyOf(request: FastifyRequest): unknown {
  const { body } = request;
  const isAbsent = body === undefined || body === null || (body instanceof Uint8Array && body.length === 0);
  return isAbsent ? {} : bodyOf(request).value;
}

/** The value of a parsed input. Throws HttpError 400 with the messages if it is invalid. */
export function validOrRefuse<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new HttpError("invalid_request", { errors: parsed.errors });
}
