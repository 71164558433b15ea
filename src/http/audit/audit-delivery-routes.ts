import type { FastifyInstance } from "fastify";
import { recordStaffAct } from "../../commands/handling/record-staff-act.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import { requireStaff, staffOf } from "../access/authentication.ts";
import { deliveryAsItWas, deliveryQuery, payloadText, sendDeliveryEvents } from "../deliveries/history-replies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson, sendJsonText } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { storeOf } from "../server/request-deadline.ts";

/**
 * For auditors: any user's delivery, now or in the past, read from the log and in the form of the client's routes. Each
 * payload that is given away is an event of the log, written before.
 */
export function auditDeliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, clock } = deps;
  const onRequest = requireStaff(deps, "auditor", "operator");

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
    const { id: deliveryId } = deliveryQuery(request, null);
    const payload = await payloadText(store, request, null);
    if (request.method !== "HEAD") {
      const data = { deliveryId, readBy: staffOf(request), readAt: isoNow(clock) };
      await recordStaffAct(storeOf(request, store), { type: "PayloadRead", data }, commandOf(request));
    }
    noteAct(request, "payload_read", { delivery: deliveryId });
    return sendJsonText(reply, 200, payload);
  });
}
