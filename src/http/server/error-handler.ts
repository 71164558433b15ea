import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import { CommandRefused } from "../../commands/handling/refusals.ts";
import {
  AppendOutcomeUnknown,
  EventTooLarge,
  RevisionConflict,
  StoreUnavailable,
} from "../../events/store/event-store-errors.ts";
import { TroubleLog } from "../../observability/trouble-log.ts";
import { ReadModelsUnavailable } from "../../projections/store/document-store.ts";
import { isoNow } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ERRORS, HttpError, errorBody } from "../errors.ts";
import { sendJsonText } from "../replies/send-json.ts";
import { MalformedBody } from "../requests/json-body.ts";
import { REPLY_HEADERS } from "./reply-headers.ts";

/** How long a client should wait before it sends again what we could not take, in seconds. */
const RETRY_AFTER_SECONDS = "1";

/** When no request was refused for so long, in ms, none is any more: a client comes again after Retry-After. */
const QUIET_MS = 5_000;

/** The one place where errors meet HTTP: every error of a route becomes a reply of ERRORS. */
export function handleErrors(app: FastifyInstance, clock: Clock): void {
  const refused = new TroubleLog(app.log, clock, {
    level: "warn",
    trouble: "requests could not be taken",
    over: "requests are no longer refused",
    quietMs: QUIET_MS,
  });
  // Refusing requests while it closes is expected.
  app.addHook("preClose", (done) => {
    refused.close();
    done();
  });
  app.setErrorHandler((error: Error, { id, log }, reply) => {
    const known = toHttpError(error, app.initialConfig.bodyLimit ?? 0);
    if (known.code === "unexpected") log.error({ err: error, request: id }, "a request failed unexpectedly");
    if (known.code === "unavailable") {
      refused.failed({ reason: known.options.reason ?? error.message });
      // Which request is answered says nothing about the others, so that only the quiet ends it.
      refused.worked();
    }
    return sendError(reply, known, clock);
  });
  // Before the body is read: whatever it is, there is nothing at this path.
  app.addHook("onRequest", ({ is404 }, _reply, done) => done(is404 ? new HttpError("not_found") : undefined));
}

/** Answers a path that cannot be decoded, which fastify refuses before it looks for a route. */
export function refuseBadPath(clock: Clock): (error: Error, request: unknown, reply: FastifyReply) => void {
  const refusal = new HttpError("invalid_request", { errors: ["path must be valid percent-encoded UTF-8"] });
  return (_error, _request, reply) => void sendError(reply.headers(REPLY_HEADERS), refusal, clock);
}

function sendError(reply: FastifyReply, error: HttpError, clock: Clock): FastifyReply {
  const body = errorBody(error, isoNow(clock));
  return sendJsonText(reply.headers(error.options.headers ?? {}), ERRORS[error.code].status, body);
}

/** `bodyLimit` is the largest body that is read, in bytes. */
function toHttpError(error: Error, bodyLimit: number): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof CommandRefused) return new HttpError(error.code);
  if (error instanceof MalformedBody) return new HttpError("invalid_request", { errors: [error.message] });
  if (error instanceof EventTooLarge) {
    return new HttpError("payload_too_large", {
      errors: [`the event log takes appends of at most ${error.limit} bytes`],
    });
  }
  if (
    error instanceof StoreUnavailable ||
    error instanceof AppendOutcomeUnknown ||
    // Others were faster each time. Nothing was written, and soon it will be.
    error instanceof RevisionConflict ||
    error instanceof ReadModelsUnavailable
  ) {
    return unavailable();
  }
  return fromFastify(error as FastifyError, bodyLimit);
}

/** The reply when nothing can be taken for the moment; `reason` is why, for the program's own log. */
export function unavailable(reason?: string): HttpError {
  const headers = { "retry-after": RETRY_AFTER_SECONDS };
  return new HttpError("unavailable", reason === undefined ? { headers } : { headers, reason });
}

/**
 * Fastify's own errors: whatever it calls the client's mistake stays one. A status on any other error was meant for
 * somebody else, except on that of a client who hung up amid its body, which fastify marks as the client's.
 */
function fromFastify({ code, statusCode = 500 }: FastifyError, bodyLimit: number): HttpError {
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new HttpError("payload_too_large", { errors: [`body must not be larger than ${bodyLimit} bytes`] });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new HttpError("unsupported_media_type");
    case "ECONNRESET":
      return new HttpError(statusCode === 400 ? "invalid_request" : "unexpected");
    default:
      return new HttpError(/^FST_/.test(code) && statusCode < 500 ? "invalid_request" : "unexpected");
  }
}
