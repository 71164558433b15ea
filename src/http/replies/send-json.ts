import type { FastifyReply } from "fastify";

/** Replies with JSON whose members stand in the order of `body`. */
export function sendJson(reply: FastifyReply, status: number, body: object): FastifyReply {
  return sendJsonText(reply, status, JSON.stringify(body));
}

/**
 * Replies with a JSON text as it is, as `application/json` without a charset (RFC 8259 section 11 knows none). It goes
 * out as bytes: to a text of that type fastify adds a charset.
 */
export function sendJsonText(reply: FastifyReply, status: number, text: string): FastifyReply {
  // It was answered meanwhile, for want of time.
  if (reply.sent) return reply;
  return reply.code(status).header("content-type", "application/json").send(Buffer.from(text));
}
