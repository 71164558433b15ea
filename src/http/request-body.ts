import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpError } from "./errors.ts";
import { readJsonBody } from "./json-body.ts";
import type { JsonBody } from "./json-body.ts";
import type { Parsed } from "./schemas/rules.ts";

const JSON_IN_UTF8 = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?(;\s*)?$/i;

/** Takes bodies of `application/json` in UTF-8 without a content encoding, and no others; they arrive as JsonBody. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async (request) => {
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") throw new HttpError("unsupported_media_type");
  });
  app.addContentTypeParser(/^application\/json/i, { parseAs: "buffer" }, (request, bytes, done) => {
    if (!JSON_IN_UTF8.test(request.headers["content-type"] ?? "")) {
      done(new HttpError("unsupported_media_type"));
      return;
    }
    try {
      done(null, readJsonBody(bytes as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** The body of a request, which has to have one. */
export function bodyOf(request: FastifyRequest): JsonBody {
  if (request.body == null) throw new HttpError("invalid_request", { errors: ["body must be a JSON object"] });
  return request.body as JsonBody;
}

/** What a request asks for, or the end of it with 400 and what is wrong. */
export function validOrRefuse<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new HttpError("invalid_request", { errors: parsed.errors });
}
