import type { FastifyInstance } from "fastify";
import type { Position } from "../../events/store/position.ts";
import { auditIndex } from "../../projections/audit-index/audit-index.ts";
import { deliveries } from "../../projections/deliveries.ts";
import type { DeliveryDocument } from "../../projections/deliveries.ts";
import { endpoints } from "../../projections/endpoints.ts";
import { collectionOf } from "../../projections/projection.ts";
import { ReadModelsUnavailable } from "../../projections/store/document-store.ts";
import { shownDelivery } from "../../projections/shown-delivery.ts";
import { users } from "../../projections/users.ts";
import { requireStaff } from "../access/authentication.ts";
import { deliveryAsItWas, deliveryQuery, payloadText, sendDeliveryEvents } from "../deliveries/history-replies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson, sendJsonText } from "../replies/send-json.ts";
import { openPage } from "../requests/list-page.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { refuseOutdated, upToDate } from "../requests/up-to-date.ts";
import { parseAuditDeliveries } from "./audit-deliveries-schema.ts";
import type { AuditDeliveriesQuery } from "./audit-deliveries-schema.ts";
import { foundDeliveries } from "./found-deliveries.ts";
import type { FoundDelivery } from "./found-deliveries.ts";

/**
 * For auditors: the deliveries of any user, found by what an auditor has in hand, newest first; and one delivery, now or
 * in the past, read from the log and in the form of the client's routes.
 */
export function auditDeliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, secrets } = deps;
  const onRequest = requireStaff(deps, "auditor", "operator");

  app.get("/v1/audit/deliveries", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseAuditDeliveries(request.query as Record<string, unknown>));
    const { username, email, user_id, endpoint_id, url, reference, from, to } = query;
    const scope = ["audit deliveries", username, email, user_id, endpoint_id, url, reference, from, to];
    const page = openPage<Position>(query, scope, secrets.cursors);
    const named = namesakesOf(query);
    await upToDate(deps, [auditIndex.name, deliveries.name, ...named]);
    refuseOutdated(deps, named);
    const found = await foundDeliveries(deps, query, page.wanted, page.after);
    const ids = found.map(({ id }) => id);
    const loaded = await documents.load<DeliveryDocument>(collectionOf(deliveries), ids);
    const byId = new Map(loaded.map((delivery) => [delivery._id, delivery]));
    const shown = ({ id }: FoundDelivery): object => {
      const delivery = byId.get(id);
      if (delivery === undefined) throw new ReadModelsUnavailable(`deliveries: ${id} is not there yet`);
      return shownDelivery(delivery);
    };
    return sendJson(
      reply,
      200,
      page.reply(found, shown, ({ position }) => position),
    );
  });

  app.get("/v1/audit/deliveries/:id", { onRequest }, async (request, reply) =>
    sendJson(reply, 200, await deliveryAsItWas(store, request, deliveryQuery(request, null))),
  );

  app.get("/v1/audit/deliveries/:id/events", { onRequest }, (request, reply) =>
    sendDeliveryEvents(store, request, reply, deliveryQuery(request, null)),
  );

  app.get("/v1/audit/deliveries/:id/payload", { onRequest }, async (request, reply) =>
    sendJsonText(reply, 200, await payloadText(store, request, null)),
  );
}

/** The read models that know whose a name, an address or a URL is, as far as they are asked. */
function namesakesOf({ username, email, url }: AuditDeliveriesQuery): readonly string[] {
  return [...(username === null && email === null ? [] : [users.name]), ...(url === null ? [] : [endpoints.name])];
}
