import type { FastifyInstance } from "fastify";
import { deliveries } from "../../projections/deliveries.ts";
import { deliveriesOfUser, deliveryOfUser } from "../../projections/delivery-queries.ts";
import type { DeliveryDocument } from "../../projections/deliveries.ts";
import type { DeliveryPlace } from "../../projections/delivery-queries.ts";
import { currentDelivery } from "../../projections/shown-delivery.ts";
import { requireUser, userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { sendJson, sendJsonText } from "../replies/send-json.ts";
import { openPage } from "../requests/list-page.ts";
import { queryOf, refuseParameters } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { lookUp, refuseUnlessCurrent, upToDate } from "../requests/up-to-date.ts";
import { deliveryAsItWas, deliveryQuery, requestedOf, sendDeliveryEvents } from "./history-replies.ts";
import { parseListDeliveries } from "./list-deliveries-schema.ts";
import { modelsOfDeliveries, waitingForEach } from "./waiting-for.ts";

/** A user's deliveries: the list, newest first, one with its attempts, now or as it was, its events, and its payload. */
export function deliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, secrets } = deps;
  const onRequest = requireUser(deps);

  app.get("/v1/deliveries", { onRequest }, async (request, reply) => {
    const { user_id } = userOf(request);
    const query = validOrRefuse(parseListDeliveries(queryOf(request)));
    const { status, endpoint_id, reference, from, to, limit, cursor } = query;
    // Last, and only with one, so that the cursors of earlier versions still fit.
    const scope = [user_id, status, endpoint_id, from, to, ...(reference === null ? [] : [reference])];
    const page = openPage<DeliveryPlace>({ limit, cursor }, scope, secrets.cursors);
    await upToDate(deps, modelsOfDeliveries(deps));
    if (reference !== null) refuseUnlessCurrent(deps, [deliveries.name]);
    const filter = {
      ...(status !== null && { status }),
      ...(endpoint_id !== null && { endpointId: endpoint_id }),
      ...(reference !== null && { reference }),
      ...(from !== null && { from }),
      ...(to !== null && { to }),
    };
    const found = await deliveriesOfUser(documents, user_id, filter, page.wanted, page.after);
    const waitingFor = await waitingForEach(deps, found);
    const shown = (delivery: DeliveryDocument): object => currentDelivery(delivery, waitingFor(delivery));
    const placeOf = ({ created_at, _id }: DeliveryDocument): DeliveryPlace => ({ createdAt: created_at, id: _id });
    return sendJson(reply, 200, page.reply(found, shown, placeOf));
  });

  app.get("/v1/deliveries/:id", { onRequest }, async (request, reply) => {
    const query = deliveryQuery(request, userOf(request).user_id);
    if (query.at !== null) return sendJson(reply, 200, await deliveryAsItWas(store, request, query));
    const { user_id } = userOf(request);
    const delivery = await lookUp(deps, modelsOfDeliveries(deps), () => deliveryOfUser(documents, user_id, query.id));
    if (delivery === null) throw new HttpError("delivery_not_found");
    const waitingFor = await waitingForEach(deps, [delivery]);
    return sendJson(reply, 200, currentDelivery(delivery, waitingFor(delivery)));
  });

  app.get("/v1/deliveries/:id/events", { onRequest }, (request, reply) =>
    sendDeliveryEvents(store, request, reply, deliveryQuery(request, userOf(request).user_id)),
  );

  app.get("/v1/deliveries/:id/payload", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    return sendJsonText(reply, 200, (await requestedOf(store, request, userOf(request).user_id)).payload);
  });
}
