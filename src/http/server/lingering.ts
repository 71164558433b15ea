import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../runtime/clock.ts";

/** How long the gateway reads what a client still sends after its answer, in ms. */
const LINGER_MS = 2_000;
/** How much of it the gateway reads, in bytes. */
const LINGER_BYTES = 32 * 1024 * 1024;

/** The connections whose request was answered before its body was read. */
const answeredEarly = new WeakSet<Duplex>();

/**
 * Reads and discards the rest of a request that is answered before its body was read; call it before the answer. A
 * connection that is closed while its client still sends is reset, and a reset takes an answer away that the client has
 * not read yet. So the gateway reads on for at most 2 s and 32 MiB, as nginx does (`lingering_close`), and then closes.
 * Does nothing for a request without a body, or with one that was read to its end.
 */
export function discardRest(request: IncomingMessage, clock: Clock): void {
  // A request that a test injects has no real socket.
  const socket: unknown = request.socket;
  if (!(socket instanceof Socket) || answeredEarly.has(socket)) return;
  if (request.readableEnded || !announcesBody(request)) return;
  answeredEarly.add(socket);
  const stop = discard(request, socket, LINGER_MS, clock);
  const close = socket.destroySoon.bind(socket);
  let closes = false;
  // Node closes the connection by this after an answer with `Connection: close`. Not even the sending side is closed
  // before the body is here: many clients then give up what they send, and some of them the answer with it.
  socket.destroySoon = () => (closes = true);
  request.once("end", () => {
    stop();
    answeredEarly.delete(socket);
    socket.destroySoon = close;
    if (closes) close();
  });
}

/** Whether the request under way on this connection has its answer already. */
export function wasAnsweredEarly(socket: Duplex): boolean {
  return answeredEarly.has(socket);
}

/**
 * Takes a connection from the HTTP parser, and reads and discards what still comes, within the same limits or for
 * `limitMs`; then the connection is destroyed.
 *
 * @returns a function that stops it
 */
export function linger(socket: Duplex, clock: Clock, limitMs = LINGER_MS): () => void {
  socket.removeAllListeners("data").removeAllListeners("end");
  return discard(socket, socket, limitMs, clock);
}

function discard(source: IncomingMessage | Duplex, socket: Duplex, limitMs: number, clock: Clock): () => void {
  let bytes = 0;
  const cutOff = (): void => void socket.destroy();
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES) cutOff();
  };
  const cancel = clock.schedule(limitMs, cutOff);
  const stop = (): void => {
    cancel();
    source.off("data", count);
    socket.off("close", stop);
  };
  socket.once("close", stop);
  source.on("data", count).resume();
  return stop;
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
