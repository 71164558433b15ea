import type { FastifyInstance, FastifyRequest } from "fastify";
import { readEvent } from "../../events/catalogue.ts";
import { deliveryStream } from "../../events/delivery.ts";
import { deliveries, deliveriesOfUser, deliveryOfUser } from "../../projections/deliveries.ts";
import type { DeliveryDocument, DeliveryPlace } from "../../projections/deliveries.ts";
import { requireUser, userOf } from "../authentication.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { validOrRefuse } from "../request-body.ts";
import { parseListDeliveries } from "../schemas/list-deliveries.ts";
import { upToDate } from "../up-to-date.ts";
import { sendJson, sendJsonText } from "../send-json.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A user's deliveries: the list, newest first, one with its attempts, and the bytes that were sent. */
export function deliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, secrets } = deps;
  const onRequest = requireUser(deps);

  app.get("/v1/deliveries", { onRequest }, async (request, reply) => {
    const { user_id } = userOf(request);
    const query = validOrRefuse(parseListDeliveries(request.query as Record<string, unknown>));
    const { status, endpoint_id, from, to, limit, cursor } = query;
    const scope = JSON.stringify([user_id, status, endpoint_id, from, to]);
    let after: DeliveryPlace | null = null;
    if (cursor !== null) {
      after = decodeCursor(cursor, scope, secrets.cursors);
      const errors = ["cursor must be the next_cursor of an earlier page with the same filters"];
      if (after === null) throw new HttpError("invalid_request", { errors });
    }
    await upToDate(deps, [deliveries.name]);
    const filter = {
      ...(status !== null && { status }),
      ...(endpoint_id !== null && { endpointId: endpoint_id }),
      ...(from !== null && { from }),
      ...(to !== null && { to }),
    };
    // One more than asked for tells whether there is another page.
    const found = await deliveriesOfUser(documents, user_id, filter, limit + 1, after);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    const place = last && { createdAt: last.created_at, id: last._id };
    return sendJson(reply, 200, {
      data: page.map(deliveryReply),
      next_cursor: place ? encodeCursor(place, scope, secrets.cursors) : null,
    });
  });

  app.get("/v1/deliveries/:id", { onRequest }, async (request, reply) => {
    const id = deliveryIdOf(request);
    await upToDate(deps, [deliveries.name]);
    const delivery = await deliveryOfUser(documents, userOf(request).user_id, id);
    if (delivery === null) throw new HttpError("delivery_not_found");
    return sendJson(reply, 200, deliveryReply(delivery));
  });

  app.get("/v1/deliveries/:id/payload", { onRequest }, async (request, reply) => {
    const [first] = await store.read(deliveryStream(deliveryIdOf(request)), { limit: 1 });
    const requested = first && readEvent(first);
    if (requested?.type !== "DeliveryRequested" || requested.data.userId !== userOf(request).user_id) {
      throw new HttpError("delivery_not_found");
    }
    return sendJsonText(reply, 200, requested.data.payload);
  });
}

function deliveryIdOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string };
  if (!UUID.test(id)) throw new HttpError("delivery_not_found");
  return id;
}

/** A delivery as the contract shows it. */
function deliveryReply(delivery: DeliveryDocument): object {
  return {
    id: delivery._id,
    endpoint_id: delivery.endpoint_id,
    user_id: delivery.user_id,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: delivery.next_attempt_at,
    created_at: delivery.created_at,
    completed_at: delivery.completed_at,
    payload_bytes: delivery.payload_bytes,
    payload_sha256: delivery.payload_sha256,
    failure_reason: delivery.failure_reason,
    attempt_log: delivery.attempt_log,
  };
}
