import type { FastifyInstance } from "fastify";
import { recordStaffAct } from "../../commands/handling/record-staff-act.ts";
import type { Position } from "../../events/store/position.ts";
import { auditIndex } from "../../projections/audit-index/audit-index.ts";
import { deliveriesById } from "../../projections/delivery-queries.ts";
import { endpoints } from "../../projections/endpoints.ts";
import { ReadModelsUnavailable } from "../../projections/store/document-store.ts";
import { currentDelivery } from "../../projections/shown-delivery.ts";
import { users } from "../../projections/users.ts";
import { isoNow } from "../../runtime/clock.ts";
import { filtersOf, noteAct } from "../access/acts.ts";
import { requireStaff, staffOf } from "../access/authentication.ts";
import { deliveryAsItWas, deliveryQuery, requestedOf, sendDeliveryEvents } from "../deliveries/history-replies.ts";
import { modelsOfDeliveries, waitingForEach } from "../deliveries/waiting-for.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson, sendJsonText } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { openPage } from "../requests/list-page.ts";
import { queryOf, refuseParameters } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { refuseUnlessCurrent, upToDate } from "../requests/up-to-date.ts";
import { storeOf } from "../server/request-deadline.ts";
import { parseAuditDeliveries } from "./audit-deliveries-schema.ts";
import type { AuditDeliveriesQuery } from "./audit-deliveries-schema.ts";
import { foundDeliveries } from "./found-deliveries.ts";
import type { FoundDelivery } from "./found-deliveries.ts";

/**
 * For auditors: the deliveries of any user, found by what an auditor has in hand, newest first; and one delivery, now or
 * in the past, read from the log and in the form of the client's routes. Each payload that is given away is an event
 * of the log, written before.
 */
export function auditDeliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, secrets, clock } = deps;
  const onRequest = requireStaff(deps, "auditor", "operator");

  app.get("/v1/audit/deliveries", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseAuditDeliveries(queryOf(request)));
    const { username, email, user_id, endpoint_id, url, reference, from, to } = query;
    const scope = ["audit deliveries", username, email, user_id, endpoint_id, url, reference, from, to];
    const page = openPage<Position>(query, scope, secrets.cursors);
    const named = namesakesOf(query);
    await upToDate(deps, [auditIndex.name, ...modelsOfDeliveries(deps), ...named]);
    refuseUnlessCurrent(deps, named);
    const found = await foundDeliveries(deps, query, page.wanted, page.after);
    const ids = found.map(({ id }) => id);
    const byId = await deliveriesById(documents, ids);
    const waitingFor = await waitingForEach(deps, [...byId.values()]);
    const shown = ({ id }: FoundDelivery): object => {
      const delivery = byId.get(id);
      if (delivery === undefined) throw new ReadModelsUnavailable(`deliveries: ${id} is not there yet`);
      return currentDelivery(delivery, waitingFor(delivery));
    };
    noteAct(request, "deliveries_read", { filters: filtersOf(request) });
    return sendJson(
      reply,
      200,
      page.reply(found, shown, ({ position }) => position),
    );
  });

  app.get("/v1/audit/deliveries/:id", { onRequest }, async (request, reply) => {
    const query = deliveryQuery(request, null);
    const delivery = await deliveryAsItWas(store, request, query);
    noteAct(request, "history_read", { delivery: query.id });
    return sendJson(reply, 200, delivery);
  });

  app.get("/v1/audit/deliveries/:id/events", { onRequest }, async (request, reply) => {
    const query = deliveryQuery(request, null);
    const sent = await sendDeliveryEvents(store, request, reply, query);
    noteAct(request, "history_read", { delivery: query.id });
    return sent;
  });

  app.get("/v1/audit/deliveries/:id/payload", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    const { deliveryId, userId, endpointId, payload } = await requestedOf(store, request, null);
    if (request.method !== "HEAD") {
      const data = { deliveryId, userId, endpointId, readBy: staffOf(request), readAt: isoNow(clock) };
      await recordStaffAct(storeOf(request, store), { type: "PayloadRead", data }, commandOf(request));
    }
    noteAct(request, "payload_read", { delivery: deliveryId });
    return sendJsonText(reply, 200, payload);
  });
}

/** The read models that know whose a name, an address or a URL is, as far as they are asked. */
function namesakesOf({ username, email, url }: AuditDeliveriesQuery): readonly string[] {
  return [...(username === null && email === null ? [] : [users.name]), ...(url === null ? [] : [endpoints.name])];
}
