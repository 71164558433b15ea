import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { idempotentDeliveryId, requestDelivery } from "../../commands/request-delivery.ts";
import { evolveDelivery } from "../../events/delivery.ts";
import { isoNow } from "../../runtime/clock.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import { userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { commandOf } from "../requests/command-of.ts";

/** What is to be delivered, already found right. */
export interface DeliveryToAccept {
  /** One of the user whose request it is. */
  readonly endpointId: number;
  /** As the client wrote it. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** Null: nothing makes two requests the same. */
  readonly idempotencyKey: string | null;
}

/**
 * Accepts a delivery: 202 when it is durable in the log, with its id, after which the worker has it. The request must have
 * passed `requireUser`.
 *
 * @throws CommandRefused `idempotency_key_reused`
 * @throws whatever the store throws
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
