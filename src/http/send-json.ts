import type { FastifyReply } from "fastify";

/** Replies with JSON whose members stand in the order of `body`, and without a charset (RFC 8259 section 11). */
export function sendJson(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply.code(status).header("content-type", "application/json").send(JSON.stringify(body));
}
