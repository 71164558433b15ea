import type { FastifyInstance, onRequestHookHandler } from "fastify";
import { isoNow } from "../../runtime/clock.ts";
import { requireUser, userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { endpointOfUser } from "../endpoints/own-endpoint.ts";
import { HttpError } from "../errors.ts";
import { bodyOf, validOrRefuse } from "../requests/request-body.ts";
import { acceptAgain, acceptDelivery } from "./accept-delivery.ts";
import { dispatchHeaders } from "./dispatch-headers.ts";
import { logDispatch } from "./dispatch-line.ts";
import { parseDispatch } from "./dispatch-schema.ts";

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
  const { settings, metrics, logger, clock } = deps;
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
    const headers = dispatchHeaders(request, inBody);
    const delivery = { endpointId, payload, payloadBytes, ...headers, now: isoNow(clock) };
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
