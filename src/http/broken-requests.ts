import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { ERRORS, HttpError, errorBody } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";

/** What Node's HTTP parser calls the mistakes that have a status of their own. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Answers what is not HTTP, too large or too slow, with an error of the catalogue, and closes the connection. */
export function refuseBrokenRequests(clock: Clock): (error: Error & { code?: string }, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = new HttpError(CODES[error.code ?? ""] ?? "invalid_request", {});
    const body = errorBody(refusal, new Date(clock.now()).toISOString());
    const { status, error: text } = ERRORS[refusal.code];
    const head = `HTTP/1.1 ${status} ${text}\r\nContent-Type: application/json\r\nConnection: close`;
    socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
}
