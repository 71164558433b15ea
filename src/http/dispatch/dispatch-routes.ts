import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from "fastify";
import { requireUser, userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { endpointOfUser } from "../endpoints/own-endpoint.ts";
import { HttpError } from "../errors.ts";
import { bodyOf, validOrRefuse } from "../requests/request-body.ts";
import { acceptAgain, acceptDelivery } from "./accept-delivery.ts";
import { logDispatch } from "./dispatch-line.ts";
import { parseDispatch } from "./dispatch-schema.ts";
import { referenceOf } from "./reference.ts";

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/**
 * `POST /v1/dispatch` accepts a payload for an endpoint: 202 when it is durable in the log.
 *
 * @param limits hooks that refuse a dispatch before its body is read (`limitDispatches`)
 */
export function dispatchRoutes(
  app: FastifyInstance,
  deps: HttpDependencies,
  limits: readonly onRequestHookHandler[],
): void {
  const { settings, metrics, logger } = deps;
  const hooks = { onRequest: [requireUser(deps), ...limits], onSend: logDispatch(metrics, logger) };

  app.post("/v1/dispatch", hooks, async (request, reply) => {
    const body = bodyOf(request);
    const { endpoint_id: endpointId, reference: inBody } = validOrRefuse(parseDispatch(body.value));
    const payload = body.memberText("payload") ?? "";
    const payloadBytes = Buffer.byteLength(payload);
    if (payloadBytes > settings.maxPayloadBytes) {
      const limit = `payload must not be larger than ${settings.maxPayloadBytes} bytes`;
      throw new HttpError("payload_too_large", { errors: [limit] });
    }
    const reference = referenceOf(request.raw, inBody);
    const delivery = { endpointId, payload, payloadBytes, reference, idempotencyKey: idempotencyKeyOf(request) };
    try {
      await endpointOfUser(endpointId, userOf(request).user_id, deps);
    } catch (error) {
      // What was accepted under a key stays accepted, whatever became of the endpoint since.
      if (!(error instanceof HttpError) || !(await acceptAgain(request, reply, deps, delivery))) throw error;
      return reply;
    }
    return acceptDelivery(request, reply, deps, delivery);
  });
}

function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && VISIBLE_ASCII.test(key)) return key;
  throw new HttpError("invalid_request", { errors: ["Idempotency-Key must be 1 to 255 visible ASCII characters"] });
}
