import type { FastifyInstance } from "fastify";

/** `GET /v1/ping`: the program answers. */
export function pingRoutes(app: FastifyInstance): void {
  app.get("/v1/ping", (_request, reply) => reply.header("content-type", "text/plain; charset=UTF-8").send("pong"));
}
