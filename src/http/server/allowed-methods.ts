import { METHODS } from "node:http";
import type { FastifyInstance } from "fastify";
import { HttpError } from "../errors.ts";

/** Every method that Node accepts in a request, the usual ones first. */
const KNOWN = [...new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", ...METHODS])].filter(
  (method) => method !== "CONNECT",
);

/** A path whose last part is an id or a name; the first group is what comes before that. */
const ENDS_WITH_PARAMETER = /^(.*\/):[^/]+$/;

/**
 * Answers 405 with Allow (RFC 9110 section 15.5.6) when a known path does not support the method, and 404 to a path that
 * ends where an id should begin: to the router an empty id is one. Call it before the routes are registered, and the
 * function that it returns after them.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methodsOf.set(url, known);
  });
  return () => {
    for (const method of KNOWN) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
    for (const [url, known] of [...methodsOf]) {
      const allow = KNOWN.filter((method) => known.has(method)).join(", ");
      app.route({
        method: KNOWN.filter((method) => !known.has(method)),
        url,
        // Before the body is read, because the answer does not depend on it.
        onRequest: () => Promise.reject(new HttpError("method_not_allowed", { headers: { allow } })),
        handler: () => undefined,
      });
      const [, withoutId] = ENDS_WITH_PARAMETER.exec(url) ?? [];
      if (withoutId === undefined) continue;
      const onRequest = (): Promise<never> => Promise.reject(new HttpError("not_found"));
      app.route({ method: KNOWN, url: withoutId, onRequest, handler: () => undefined });
    }
  };
}
