import type { FastifyInstance, HTTPMethods } from "fastify";
import { HttpError } from "./errors.ts";

const METHODS: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Answers 405 with Allow (RFC 9110 section 15.5.6) where a known path is asked with a method that it does not take.
 * Call it before the routes are registered, and the function that it gives after them.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methodsOf.set(url, known);
  });
  return () => {
    for (const [url, known] of [...methodsOf]) {
      const allow = METHODS.filter((method) => known.has(method)).join(", ");
      const others = METHODS.filter((method) => !known.has(method));
      app.route({
        method: others,
        url,
        // Before the body is read: whatever it is, the answer is the same.
        onRequest: () => Promise.reject(new HttpError("method_not_allowed", { headers: { allow } })),
        handler: () => undefined,
      });
    }
  };
}
