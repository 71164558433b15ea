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
import { TooManyWaiting } from "../../runtime/keyed-turns.ts";
import { ERRORS, HttpError, errorBody } from "../errors.ts";
import { sendJsonText } from "../replies/send-json.ts";
import { MalformedBody } from "../requests/json-body.ts";
import { discardRest } from "./lingering.ts";
import { REPLY_HEADERS } from "./reply-headers.ts";

/** How long a client should wait before it repeats a request that we could not take, in seconds. */
const RETRY_AFTER_SECONDS = "1";

/** After this long without a refusal, in ms, requests are no longer refused: clients return after Retry-After. */
const QUIET_MS = 5_000;

/** The one place where errors meet HTTP: every error of a route becomes a reply of ERRORS. */
export function handleErrors(app: FastifyInstance, clock: Clock): void {
  const refused = new TroubleLog(app.log, clock, {
    level: "warn",
    trouble: "requests could not be taken",
    over: "requests are no longer refused",
    quietMs: QUIET_MS,
  });
  // Refusing requests while closing is expected.
  app.addHook("preClose", (done) => {
    refused.close();
    done();
  });
  app.setErrorHandler((error: Error, { id, log }, reply) => {
    const known = toHttpError(error, app.initialConfig.bodyLimit ?? 0);
    if (known.code === "unexpected") log.error({ err: error, request: id }, "a request failed unexpectedly");
    if (known.code === "unavailable") {
      refused.failed({ reason: known.options.reason ?? error.message });
      // One successful request says nothing about others, so only a quiet time ends the trouble.
      refused.worked();
    }
    return sendError(reply, known, clock);
  });
  // Before the body is read, because the answer does not depend on it.
  app.addHook("onRequest", ({ is404 }, _reply, done) => done(is404 ? new HttpError("not_found") : undefined));
}

/** Answers a path that cannot be decoded, which fastify refuses before routing. */
export function refuseBadPath(clock: Clock): (error: Error, request: unknown, reply: FastifyReply) => void {
  const refusal = new HttpError("invalid_request", { errors: ["path must be valid percent-encoded UTF-8"] });
  return (_error, _request, reply) => void sendError(reply.headers(REPLY_HEADERS), refusal, clock);
}

function sendError(reply: FastifyReply, error: HttpError, clock: Clock): FastifyReply {
  discardRest(reply.request.raw, clock);
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
    // Others won each time. Nothing was written, and a retry will succeed soon.
    error instanceof RevisionConflict ||
    error instanceof TooManyWaiting ||
    error instanceof ReadModelsUnavailable
  ) {
    return unavailable();
  }
  return fromFastify(error as FastifyError, bodyLimit);
}

/** The reply when a request cannot be taken now; `reason` is for the program's log. */
export function unavailable(reason?: string): HttpError {
  const headers = { "retry-after": RETRY_AFTER_SECONDS };
  return new HttpError("unavailable", reason === undefined ? { headers } : { headers, reason });
}

/**
 * Fastify's own client errors stay client errors. A status on any other error was not meant for this client, except
 * when a client hung up while sending its body, which fastify marks as the client's error.
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
