import { hash, randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { idempotentDeliveryId, requestDelivery } from "../../commands/request-delivery.ts";
import { evolveDelivery } from "../../events/delivery.ts";
import { timeOrderedId } from "../../time-ordered-id.ts";
import { requireUser, userOf } from "../authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { limitDispatches } from "../dispatch-limits.ts";
import { tellDispatch } from "../dispatch-line.ts";
import { HttpError } from "../errors.ts";
import { bodyOf, validOrRefuse } from "../request-body.ts";
import { parseDispatch } from "../schemas/dispatch.ts";

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** `POST /v1/dispatch` takes a payload for an endpoint: 202 when it is durable in the log. */
export function dispatchRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, directory, worker, clock, settings, metrics, logger } = deps;
  app.decorateRequest("dispatch", null);

  const limits = limitDispatches(settings, deps.pendingOfUser, clock);
  const hooks = { onRequest: [requireUser(deps), ...limits], onSend: tellDispatch(metrics, logger) };
  app.post("/v1/dispatch", hooks, async (request, reply) => {
    const { user_id } = userOf(request);
    const body = bodyOf(request);
    const { endpoint_id } = validOrRefuse(parseDispatch(body.value));
    const payload = body.memberText("payload") ?? "";
    const payloadBytes = Buffer.byteLength(payload);
    if (payloadBytes > settings.maxPayloadBytes) {
      const limit = `payload must not be larger than ${settings.maxPayloadBytes} bytes`;
      throw new HttpError("payload_too_large", { errors: [limit] });
    }
    const idempotencyKey = idempotencyKeyOf(request);
    const endpoint = await directory.endpoint(endpoint_id);
    if (endpoint === null) {
      throw new HttpError("endpoint_not_found", { error: `Endpoint with id ${endpoint_id} not found` });
    }
    if (endpoint.user_id !== user_id) throw new HttpError("endpoint_access_denied");

    const deliveryId = idempotencyKey === null ? timeOrderedId() : idempotentDeliveryId(user_id, idempotencyKey);
    request.dispatch = { endpointId: endpoint_id, deliveryId, bytes: payloadBytes };
    const command = {
      deliveryId,
      userId: user_id,
      endpointId: endpoint_id,
      payload,
      payloadBytes,
      payloadSha256: hash("sha256", payload, "hex"),
      now: new Date(clock.now()).toISOString(),
    };
    const context = { commandId: randomUUID(), correlationId: request.id, actor: `user:${user_id}` };
    const accepted = await requestDelivery(store, command, context);
    if (accepted.kind === "replayed") return sendAccepted(reply.header("idempotency-replayed", "true"), deliveryId);
    worker.accept({
      state: evolveDelivery(null, accepted.event),
      revision: accepted.revision,
      last: { id: accepted.eventId, correlationId: request.id },
    });
    return sendAccepted(reply, deliveryId);
  });
}

function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && VISIBLE_ASCII.test(key)) return key;
  throw new HttpError("invalid_request", { errors: ["Idempotency-Key must be 1 to 255 visible ASCII characters"] });
}

function sendAccepted(reply: FastifyReply, deliveryId: string): FastifyReply {
  return reply
    .code(202)
    .headers({ "x-delivery-id": deliveryId, location: `/v1/deliveries/${deliveryId}`, "content-length": "0" })
    .send();
}
