import type { FastifyInstance } from "fastify";
import { sendJson } from "../send-json.ts";
import type { HttpDependencies } from "../dependencies.ts";

/** `GET /livez`: the process lives. `GET /readyz`: it can take work, or 503 with the reasons why it cannot. */
export function healthRoutes(app: FastifyInstance, { health }: HttpDependencies): void {
  app.get("/livez", (_request, reply) => sendJson(reply, 200, { status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    const { reasons } = health;
    return sendJson(reply, reasons.length === 0 ? 200 : 503, {
      status: reasons.length === 0 ? "ok" : "unavailable",
      reasons,
    });
  });
}
