import type { FastifyInstance } from "fastify";
import { unavailable } from "./error-handler.ts";

/**
 * Bounds the memory that request bodies take together, whatever the number of connections: a request whose body would go
 * beyond the budget is answered 503 before that body is read. A body without a length counts as the largest one.
 */
export function limitBodiesUnderWay(app: FastifyInstance, budgetBytes: number): void {
  const largest = app.initialConfig.bodyLimit ?? budgetBytes;
  let underWay = 0;
  app.addHook("onRequest", (request, reply, done) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    const bytes = encoding === undefined ? Math.min(Number(length ?? 0), largest) : largest;
    if (bytes === 0) {
      done();
      return;
    }
    if (underWay + bytes > budgetBytes) {
      done(unavailable());
      return;
    }
    underWay += bytes;
    // Comes once for every response, also when the client hung up before there was one.
    reply.raw.once("close", () => (underWay -= bytes));
    done();
  });
}
