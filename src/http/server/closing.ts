import type { FastifyInstance } from "fastify";
import { unavailable } from "./error-handler.ts";

/**
 * Answers 503 to requests on open connections while the server closes. Fastify can do that too, but not with our error
 * body; its option `return503OnClosing` must be off.
 */
export function refuseWhileClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  app.addHook("onRequest", (_request, _reply, done) => done(closing ? unavailable() : undefined));
}
