import type { FastifyInstance } from "fastify";
import { deliveries, deliveriesOfUser, deliveryOfUser } from "../../projections/deliveries.ts";
import type { DeliveryPlace } from "../../projections/deliveries.ts";
import { shownDelivery } from "../../projections/shown-delivery.ts";
import { requireUser, userOf } from "../authentication.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import { deliveryAsItWas, deliveryQuestion, payloadText, sendDeliveryEvents } from "../delivery-history.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { validOrRefuse } from "../request-body.ts";
import { parseListDeliveries } from "../schemas/list-deliveries.ts";
import { upToDate } from "../up-to-date.ts";
import { sendJson, sendJsonText } from "../send-json.ts";

/** A user's deliveries: the list, newest first, one with its attempts, now or as it was, its events, and its payload. */
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
      data: page.map(shownDelivery),
      next_cursor: place ? encodeCursor(place, scope, secrets.cursors) : null,
    });
  });

  app.get("/v1/deliveries/:id", { onRequest }, async (request, reply) => {
    const question = deliveryQuestion(request, userOf(request).user_id);
    if (question.at !== null) return sendJson(reply, 200, await deliveryAsItWas(store, request, question));
    await upToDate(deps, [deliveries.name]);
    const delivery = await deliveryOfUser(documents, userOf(request).user_id, question.id);
    if (delivery === null) throw new HttpError("delivery_not_found");
    return sendJson(reply, 200, shownDelivery(delivery));
  });

  app.get("/v1/deliveries/:id/events", { onRequest }, (request, reply) =>
    sendDeliveryEvents(store, request, reply, deliveryQuestion(request, userOf(request).user_id)),
  );

  app.get("/v1/deliveries/:id/payload", { onRequest }, async (request, reply) =>
    sendJsonText(reply, 200, await payloadText(store, request, userOf(request).user_id)),
  );
}
