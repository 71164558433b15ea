import type { FastifyInstance } from "fastify";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";

/**
 * `GET /livez`: the process lives. `GET /readyz`: it takes payloads and has begun to answer reads, or 503 with the reasons why not. `GET /metrics`:
 * figures for Prometheus. None of them asks a store for anything, so that they answer whatever is down.
 */
export function healthRoutes(app: FastifyInstance, { health, metrics }: HttpDependencies): void {
  app.get("/livez", (_request, reply) => sendJson(reply, 200, { status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    const { reasons } = health;
    return sendJson(reply, reasons.length === 0 ? 200 : 503, {
      status: reasons.length === 0 ? "ok" : "unavailable",
      reasons,
    });
  });
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.text();
    // As bytes: to a text fastify may add a charset of its own.
    return reply.header("content-type", metrics.contentType).send(Buffer.from(text));
  });
}
