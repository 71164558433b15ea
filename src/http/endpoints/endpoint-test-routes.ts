import type { FastifyInstance, onRequestHookHandler } from "fastify";
import { isoNow } from "../../runtime/clock.ts";
import { requireUser } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { acceptDelivery } from "../dispatch/accept-delivery.ts";
import { logDispatch } from "../dispatch/dispatch-line.ts";
import { HttpError } from "../errors.ts";
import { parseNoFields } from "../requests/no-fields-schema.ts";
import { optionalBodyOf, validOrRefuse } from "../requests/request-body.ts";
import { ownEndpoint } from "./own-endpoint.ts";
import { VERDICT_MESSAGES } from "./schemas/endpoint-settings-schema.ts";

/**
 * `POST /v1/endpoints/{id}/test` dispatches a payload of the gateway's own, so that its owner sees whether deliveries
 * arrive: a delivery like any other, with attempts, signatures and a history. It answers as `POST /v1/dispatch` does. To an
 * endpoint that is disabled, or whose address is none that deliveries may go to (by today's rules), it would only wait, so
 * that this is an error at once.
 *
 * @param limits as for `dispatchRoutes`
 */
export function endpointTestRoutes(
  app: FastifyInstance,
  deps: HttpDependencies,
  limits: readonly onRequestHookHandler[],
): void {
  const { metrics, logger, rules, clock } = deps;
  const hooks = { onRequest: [requireUser(deps), ...limits], onSend: logDispatch(metrics, logger) };

  app.post("/v1/endpoints/:id/test", hooks, async (request, reply) => {
    validOrRefuse(parseNoFields(optionalBodyOf(request)));
    const { endpoint_id: endpointId, status, url } = await ownEndpoint(request, deps);
    if (status === "disabled") throw new HttpError("endpoint_disabled");
    const verdict = rules.judgeUrl(url);
    if (verdict !== "ok") throw new HttpError("invalid_request", { errors: [VERDICT_MESSAGES[verdict]] });
    const payload = testPayload(endpointId, isoNow(clock));
    const payloadBytes = Buffer.byteLength(payload);
    const delivery = { endpointId, payload, payloadBytes, idempotencyKey: null, reference: null };
    return acceptDelivery(request, reply, deps, delivery);
  });
}

/** In the form that Standard Webhooks 1.0.0 recommends for payloads. */
function testPayload(endpointId: number, timestamp: string): string {
  return JSON.stringify({ type: "endpoint.test", timestamp, data: { endpoint_id: endpointId } });
}
