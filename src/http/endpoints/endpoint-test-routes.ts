import type { FastifyInstance, onRequestHookHandler } from "fastify";
import { CommandRefused } from "../../commands/handling/refusals.ts";
import { isoNow } from "../../runtime/clock.ts";
import { requireUser } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { acceptAgain, acceptDelivery, acceptanceTimeOf } from "../dispatch/accept-delivery.ts";
import type { DeliveryToAccept } from "../dispatch/accept-delivery.ts";
import { dispatchHeaders } from "../dispatch/dispatch-headers.ts";
import type { DispatchHeaders } from "../dispatch/dispatch-headers.ts";
import { logDispatch } from "../dispatch/dispatch-line.ts";
import { HttpError } from "../errors.ts";
import { parseNoFields } from "../requests/no-fields-schema.ts";
import { optionalBodyOf, validOrRefuse } from "../requests/request-body.ts";
import { endpointIdOf, ownEndpoint } from "./own-endpoint.ts";
import { VERDICT_MESSAGES } from "./schemas/endpoint-settings-schema.ts";

/**
 * `POST /v1/endpoints/{id}/test` dispatches a payload of the gateway's own, so that its owner sees whether deliveries
 * arrive: a delivery like any other, with attempts, signatures and a history. It takes the headers of
 * `POST /v1/dispatch` and answers as that does. To an
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
    const headers = dispatchHeaders(request, null);
    const endpointId = endpointIdOf(request);
    try {
      const { status, url } = await ownEndpoint(request, deps);
      if (status === "disabled") throw new HttpError("endpoint_disabled");
      const verdict = rules.judgeUrl(url);
      if (verdict !== "ok") throw new HttpError("invalid_request", { errors: [VERDICT_MESSAGES[verdict]] });
      return await acceptDelivery(request, reply, deps, testDelivery(endpointId, headers, isoNow(clock)));
    } catch (error) {
      if (!(error instanceof HttpError || error instanceof CommandRefused)) throw error;
      // The same test was accepted before under this key if only the time in its payload differs.
      const first = await acceptanceTimeOf(request, deps, headers.idempotencyKey);
      const isRepeated =
        first !== null && (await acceptAgain(request, reply, deps, testDelivery(endpointId, headers, first)));
      if (!isRepeated) throw error;
      return reply;
    }
  });
}

/** The test of an endpoint that is requested at this time, which its payload has too. */
function testDelivery(endpointId: number, headers: DispatchHeaders, now: string): DeliveryToAccept {
  const payload = testPayload(endpointId, now);
  return { endpointId, payload, payloadBytes: Buffer.byteLength(payload), ...headers, now };
}

/** In the form that Standard Webhooks 1.0.0 recommends for payloads. */
function testPayload(endpointId: number, timestamp: string): string {
  return JSON.stringify({ type: "endpoint.test", timestamp, data: { endpoint_id: endpointId } });
}
