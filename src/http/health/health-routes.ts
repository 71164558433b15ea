import type { FastifyInstance } from "fastify";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";

/**
 * `GET /livez`: the process is alive. `GET /readyz`: it accepts payloads and has begun to answer reads, or 503 with the
 * reasons. `GET /metrics`: figures for Prometheus. None of them calls a store, so they answer whatever is down.
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
    // As bytes, because fastify may add a charset to text.
    return reply.header("content-type", metrics.contentType).send(Buffer.from(text));
  });
}
