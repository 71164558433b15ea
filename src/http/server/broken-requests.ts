import { STATUS_CODES } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { isoNow } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ERRORS, HttpError, errorBody } from "../errors.ts";
import { REPLY_HEADERS } from "./reply-headers.ts";

const NOT_HTTP = new HttpError("invalid_request", { errors: ["request must be valid HTTP/1.1"] });

/** The headers of a reply that is written without fastify. */
const HEAD = Object.entries({ "Content-Type": "application/json", Connection: "close", ...REPLY_HEADERS })
  .map(([name, value]) => `${name}: ${value}`)
  .join("\r\n");

/** The parser errors of Node that have a status of their own. */
const REFUSALS: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: new HttpError("headers_too_large"),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError("request_timeout"),
};

/** Answers requests that are not HTTP, too large or too slow with one of ERRORS, and closes the connection. */
export function refuseBrokenRequests(clock: Clock): (error: Error & { code?: string }, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === "ECONNRESET") socket.destroy();
    else refuseAndClose(REFUSALS[error.code ?? ""] ?? NOT_HTTP, socket, clock);
  };
}

/**
 * Answers requests that Node would answer without a body, or not at all: one without Host (RFC 9112 section 3.2
 * requires 400), one for a tunnel, and one with an unknown Expect, which may be ignored (RFC 9110 section 10.1.1).
 * Needs the server option `requireHostHeader: false`.
 */
export function refuseWhatNodeAnswers(app: FastifyInstance, clock: Clock): void {
  app.addHook("onRequest", ({ raw }, _reply, done) => {
    const missing = raw.headers.host === undefined && raw.httpVersion !== "1.0";
    done(missing ? new HttpError("invalid_request", { errors: ["header Host must be given"] }) : undefined);
  });
  app.server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    // The client may be gone before it has read the answer.
    socket.on("error", () => undefined);
    refuseAndClose(NOT_HTTP, socket, clock);
  });
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
}

/**
 * Answers without fastify and ends the connection; a connection that was already ended is destroyed, even if the client
 * holds it.
 */
export function refuseAndClose(refusal: HttpError, socket: Duplex, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = errorBody(refusal, isoNow(clock));
  const { status } = ERRORS[refusal.code];
  const own = { ...refusal.options.headers, "Content-Length": Buffer.byteLength(body) };
  const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${HEAD}\r\n${lines.join("")}\r\n${body}`);
}
