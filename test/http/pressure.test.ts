import fastify, { LogController } from "fastify";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { expect, it } from "vitest";
import { handleErrors } from "../../src/http/server/error-handler.ts";
import { refuseUnderPressure } from "../../src/http/server/pressure.ts";
import { Health } from "../../src/observability/health.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { errorText, standingClock } from "./asking.ts";

/** A server whose memory is as full as the test says. */
async function serverOf(
  heap: { share: number },
  health: Health,
  loggerInstance: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const logController = new LogController({ disableRequestLogging: true });
  const app = fastify({ loggerInstance: loggerInstance, logController });
  handleErrors(app, standingClock);
  refuseUnderPressure(app, health, () => heap.share);
  for (const path of ["/v1/ping", "/livez", "/readyz", "/metrics"])
    app.get(path, (_request, reply) => reply.send("here"));
  await app.ready();
  return app;
}

it("answers 503 with Retry-After to all but probes while the memory is nearly full, and is not ready", async () => {
  const heap = { share: 0.95 };
  const health = new Health();
  const { logger, lines } = keepingLogger();
  const app = await serverOf(heap, health, logger);
  await expect.poll(() => health.reasons).toEqual(["load: its memory is nearly full"]);
  const reply = await app.inject("/v1/ping");
  expect(reply.body).toBe(errorText(503, "Service temporarily unavailable"));
  expect(reply.headers["retry-after"]).toBe("1");
  for (const probe of ["/livez", "/readyz", "/metrics"]) expect((await app.inject(probe)).body).toBe("here");
  expect(lines).toMatchObject([{ level: 40, msg: "requests could not be taken", reason: "its memory is nearly full" }]);

  heap.share = 0.5;
  await expect.poll(() => health.reasons).toEqual([]);
  expect((await app.inject("/v1/ping")).body).toBe("here");
  await app.close();
});
