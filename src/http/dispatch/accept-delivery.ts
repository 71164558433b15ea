import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { idempotentDeliveryId, requestDelivery } from "../../commands/request-delivery.ts";
import { evolveDelivery } from "../../events/delivery.ts";
import { isoNow } from "../../runtime/clock.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import { userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { commandOf } from "../requests/command-of.ts";

/** A valid delivery to accept. */
export interface DeliveryToAccept {
  /** An endpoint of the request's user. */
  readonly endpointId: number;
  /** Exactly as the client wrote it. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** Null: every request is a new delivery. */
  readonly idempotencyKey: string | null;
}

/**
 * Accepts a delivery: replies 202 with its id when it is durable in the log, then hands it to the worker. The request
 * must have passed `requireUser`.
 *
 * @throws CommandRefused `idempotency_key_reused`
 * @throws what the store throws
 */
export async function acceptDelivery(
  request: FastifyRequest,
  reply: FastifyReply,
  { store, worker, clock }: Pick<HttpDependencies, "store" | "worker" | "clock">,
  { endpointId, payload, payloadBytes, idempotencyKey }: DeliveryToAccept,
): Promise<FastifyReply> {
  const { user_id: userId } = userOf(request);
  const deliveryId = idempotencyKey === null ? timeOrderedId() : idempotentDeliveryId(userId, idempotencyKey);
  request.dispatch = { endpointId, deliveryId, bytes: payloadBytes };
  const payloadSha256 = hash("sha256", payload, "hex");
  const command = { deliveryId, userId, endpointId, payload, payloadBytes, payloadSha256, now: isoNow(clock) };
  const accepted = await requestDelivery(store, command, commandOf(request));
  if (accepted.kind === "replayed") reply.header("idempotency-replayed", "true");
  else {
    worker.accept({
      state: evolveDelivery(null, accepted.event),
      revision: accepted.revision,
      last: { id: accepted.eventId, correlationId: request.id },
    });
  }
  if (reply.sent) return reply;
  return reply
    .code(202)
    .headers({ "x-delivery-id": deliveryId, location: `/v1/deliveries/${deliveryId}`, "content-length": "0" })
    .send();
}
