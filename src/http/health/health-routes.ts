import type { FastifyInstance } from "fastify";
import type { PausesInForce } from "../../projections/directory/pauses-in-force.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";

/** How many pauses readiness names. */
const MAX_NAMED = 10;

/**
 * `GET /livez`: the process is alive. `GET /readyz`: it accepts payloads and has begun to answer reads, or 503 with the
 * reasons; while something is paused it says what. `GET /metrics`: figures for Prometheus. None of them calls a store, so they answer whatever is down.
 */
export function healthRoutes(app: FastifyInstance, { health, metrics, directory }: HttpDependencies): void {
  app.get("/livez", (_request, reply) => sendJson(reply, 200, { status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    const { reasons } = health;
    return sendJson(reply, reasons.length === 0 ? 200 : 503, {
      status: reasons.length === 0 ? "ok" : "unavailable",
      reasons,
      ...pausedOf(directory.pauses),
    });
  });
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.text();
    // As bytes, because fastify may add a charset to text.
    return reply.header("content-type", metrics.contentType).send(Buffer.from(text));
  });
}

/** What is paused; nothing when nothing is. No reasons, because anyone may ask. */
function pausedOf({ all }: PausesInForce): object {
  if (all.length === 0) return {};
  const pauses = all.slice(0, MAX_NAMED).map(({ scope, user_id, endpoint_id, since }) => {
    return { scope, user_id, endpoint_id, since };
  });
  return { paused: { count: all.length, pauses } };
}
