import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { isoNow } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ERRORS, HttpError, errorBody } from "../errors.ts";
import { isOtherVersion } from "./http-version.ts";
import { linger, wasAnsweredEarly } from "./lingering.ts";
import { REPLY_HEADERS } from "./reply-headers.ts";
import { isUnknownMethod } from "./unknown-method.ts";
import type { ParserError } from "./unknown-method.ts";

const NO_HOST = new HttpError("invalid_request", { errors: ["header Host must be given"] });
const SEVERAL_HOSTS = new HttpError("invalid_request", { errors: ["header Host must be given once"] });
const NOT_HTTP = new HttpError("invalid_request", { errors: ["request must be valid HTTP/1.1"] });

/** The headers of a reply that is written without fastify. */
const HEAD = Object.entries({ "Content-Type": "application/json", Connection: "close", ...REPLY_HEADERS })
  .map(([name, value]) => `${name}: ${value}`)
  .join("\r\n");

/** How long a broken request waits for the answers to those before it, in ms. They take at most 5 s to begin. */
const ANSWERS_BEFORE_MS = 10_000;

/** The parser errors of Node that have a status of their own. */
const REFUSALS: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: new HttpError("headers_too_large"),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError("request_timeout"),
};

/**
 * Answers requests that are not HTTP, too large or too slow with one of ERRORS, and closes the connection. The answers
 * to whole requests before it on the same connection go out first: a client would take this one for theirs.
 */
export function refuseBrokenRequests(clock: Clock): (error: ParserError, socket: Socket) => void {
  const refused = new WeakSet<Socket>();
  return (error, socket) => {
    if (error.code === "ECONNRESET" || socket.destroyed) socket.destroy();
    // The parser reports an error again at the connection's end.
    if (socket.destroyed || refused.has(socket)) return;
    refused.add(socket);
    const stop = linger(socket, clock, ANSWERS_BEFORE_MS);
    afterAnswersBefore(socket, () => {
      stop();
      if (wasAnsweredEarly(socket)) endAndLinger("", socket, clock);
      else refuseAndClose(refusalOf(error), socket, clock);
    });
  };
}

/**
 * Answers requests that Node would answer without a body, or not at all: one without Host or with several (RFC 9112
 * section 3.2 requires 400), one for a tunnel, and one with an unknown Expect, which may be ignored (RFC 9110 section 10.1.1).
 * Needs the server option `requireHostHeader: false`.
 */
export function refuseWhatNodeAnswers(app: FastifyInstance, clock: Clock): void {
  app.addHook("onRequest", ({ raw }, _reply, done) => {
    const hosts = countHosts(raw.rawHeaders);
    if (hosts > 1) done(SEVERAL_HOSTS);
    else done(hosts === 0 && raw.httpVersion !== "1.0" ? NO_HOST : undefined);
  });
  app.server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    // The client may be gone before it has read the answer.
    socket.on("error", () => undefined);
    refuseAndClose(NOT_HTTP, socket, clock);
  });
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
}

/** Node's `headers` have only the first one. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}

function refusalOf(error: ParserError): HttpError {
  if (isUnknownMethod(error)) return new HttpError("method_not_implemented");
  if (isOtherVersion(error)) return new HttpError("version_not_supported");
  return REFUSALS[error.code ?? ""] ?? NOT_HTTP;
}

/** Calls back once the answers to all whole requests of the connection are out, if the connection lives so long. */
function afterAnswersBefore(socket: Socket, proceed: () => void): void {
  // Node keeps here the answer whose turn it is to go out; a broken request may have one too, which never comes.
  const { _httpMessage: answer } = socket as { _httpMessage?: (ServerResponse & { req: IncomingMessage }) | null };
  if (!answer || !(answer.req.complete || answer.writableEnded)) {
    proceed();
    return;
  }
  answer.once("close", () => {
    if (!socket.destroyed) afterAnswersBefore(socket, proceed);
  });
}

/** Answers without fastify and ends the connection, even if the client holds it. */
function refuseAndClose(refusal: HttpError, socket: Duplex, clock: Clock): void {
  const body = errorBody(refusal, isoNow(clock));
  const { status } = ERRORS[refusal.code];
  const own = { ...refusal.options.headers, "Content-Length": Buffer.byteLength(body) };
  const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
  endAndLinger(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${HEAD}\r\n${lines.join("")}\r\n${body}`, socket, clock);
}

function endAndLinger(text: string, socket: Duplex, clock: Clock): void {
  if (socket.writable) socket.end(text);
  linger(socket, clock);
}
