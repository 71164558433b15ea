import type { FastifyInstance } from "fastify";

/**
 * Lets a client close its sending side after a whole request and still get the answer, as TCP has it (RFC 9293 section
 * 3.6, case 2). Node closes such a connection at once, unless this is set; it is closed after the last answer, or at
 * once when none is due. A request that the client leaves unfinished is refused as broken.
 */
export function answerHalfClosed(app: FastifyInstance): void {
  // Neither an option nor in the types, but a part of Node's server since its first versions.
  Object.assign(app.server, { httpAllowHalfOpen: true });
}
