import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { Clock } from "../clock.ts";
import { CommandRefused } from "../commands/refusals.ts";
import { AppendOutcomeUnknown, EventTooLarge, StoreUnavailable } from "../events/event-store-errors.ts";
import { ReadModelsUnavailable } from "../projections/document-store.ts";
import { ERRORS, HttpError, errorBody } from "./errors.ts";
import { MalformedBody } from "./json-body.ts";

/** How long a client should wait before it sends again what we could not take, in seconds. */
const RETRY_AFTER_SECONDS = "1";

/** The one place where errors meet HTTP: every error of a route becomes a reply of the catalogue. */
export function handleErrors(app: FastifyInstance, clock: Clock): void {
  app.setErrorHandler((error: Error, request, reply) => {
    const known = toHttpError(error);
    if (known.code === "unexpected") request.log.error({ err: error }, "a request failed unexpectedly");
    else if (known.code === "unavailable") request.log.warn({ reason: error.message }, "a request could not be taken");
    return sendError(reply, known, clock);
  });
  app.setNotFoundHandler((_request, reply) => sendError(reply, new HttpError("not_found"), clock));
}

/** Replies with an error of the catalogue. */
export function sendError(reply: FastifyReply, error: HttpError, clock: Clock): FastifyReply {
  const body = errorBody(error, new Date(clock.now()).toISOString());
  return reply
    .code(ERRORS[error.code].status)
    .headers({ ...error.options.headers, "content-type": "application/json" })
    .send(body);
}

function toHttpError(error: Error): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof CommandRefused) return new HttpError(error.code);
  if (error instanceof MalformedBody) return new HttpError("invalid_request", { errors: [error.message] });
  if (error instanceof EventTooLarge) return new HttpError("payload_too_large");
  if (
    error instanceof StoreUnavailable ||
    error instanceof AppendOutcomeUnknown ||
    error instanceof ReadModelsUnavailable
  ) {
    return new HttpError("unavailable", { headers: { "retry-after": RETRY_AFTER_SECONDS } });
  }
  return fromFastify(error as FastifyError);
}

/** Fastify's own errors; whatever it calls the client's mistake stays one. */
function fromFastify(error: FastifyError): HttpError {
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new HttpError("payload_too_large");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new HttpError(error.statusCode === 415 ? "unsupported_media_type" : "invalid_request");
    default:
      return (error.statusCode ?? 500) < 500 ? new HttpError("invalid_request") : new HttpError("unexpected");
  }
}
