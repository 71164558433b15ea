import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { idempotentDeliveryId, requestDelivery, requestTimeOf, wasRequested } from "../../commands/request-delivery.ts";
import type { RequestDelivery } from "../../commands/request-delivery.ts";
import { evolveDelivery } from "../../events/delivery.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import { userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { commandOf } from "../requests/command-of.ts";
import type { DispatchHeaders } from "./dispatch-headers.ts";

/** A valid delivery to accept. */
export interface DeliveryToAccept extends DispatchHeaders {
  /** For `acceptDelivery` an endpoint of the request's user. */
  readonly endpointId: number;
  /** Exactly as the client wrote it. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** When it was requested: ISO 8601 UTC. */
  readonly now: string;
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
  { store, worker }: Pick<HttpDependencies, "store" | "worker">,
  delivery: DeliveryToAccept,
): Promise<FastifyReply> {
  const command = commandFor(request, delivery);
  const accepted = await requestDelivery(store, command, commandOf(request));
  if (accepted.kind === "accepted") {
    worker.accept({
      state: evolveDelivery(null, accepted.event),
      revision: accepted.revision,
      last: { id: accepted.eventId, correlationId: request.id },
    });
  }
  return sendAccepted(reply, command, accepted.kind === "replayed");
}

/**
 * Replies the first 202 again when the same was accepted before under the same Idempotency-Key, even if its endpoint
 * takes nothing any more. False, without a reply, when the key is free, or when there is none, which costs no read.
 *
 * @throws as `acceptDelivery`
 */
export async function acceptAgain(
  request: FastifyRequest,
  reply: FastifyReply,
  { store }: Pick<HttpDependencies, "store">,
  delivery: DeliveryToAccept,
): Promise<boolean> {
  if (delivery.idempotencyKey === null) return false;
  const command = commandFor(request, delivery);
  if (!(await wasRequested(store, command))) return false;
  sendAccepted(reply, command, true);
  return true;
}

/**
 * When a delivery was first accepted under an Idempotency-Key of the request's user; null when none was, or without a key.
 *
 * @throws what the store throws
 */
export async function acceptanceTimeOf(
  request: FastifyRequest,
  { store }: Pick<HttpDependencies, "store">,
  idempotencyKey: string | null,
): Promise<string | null> {
  if (idempotencyKey === null) return null;
  return requestTimeOf(store, idempotentDeliveryId(userOf(request).user_id, idempotencyKey));
}

function commandFor(
  request: FastifyRequest,
  { endpointId, payload, payloadBytes, idempotencyKey, reference, now }: DeliveryToAccept,
): RequestDelivery {
  const { user_id: userId } = userOf(request);
  const deliveryId = idempotencyKey === null ? timeOrderedId() : idempotentDeliveryId(userId, idempotencyKey);
  request.dispatch = { endpointId, deliveryId, bytes: payloadBytes, reference };
  const payloadSha256 = hash("sha256", payload, "hex");
  return { deliveryId, userId, endpointId, payload, payloadBytes, payloadSha256, reference, now };
}

function sendAccepted(reply: FastifyReply, { deliveryId }: RequestDelivery, replayed: boolean): FastifyReply {
  if (reply.sent) return reply;
  if (replayed) reply.header("idempotency-replayed", "true");
  return reply
    .code(202)
    .headers({ "x-delivery-id": deliveryId, location: `/v1/deliveries/${deliveryId}`, "content-length": "0" })
    .send();
}
