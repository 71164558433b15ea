import type { FastifyInstance } from "fastify";
import { requireStaff } from "../access/authentication.ts";
import { deliveryAsItWas, deliveryQuery, payloadText, sendDeliveryEvents } from "../deliveries/history-replies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson, sendJsonText } from "../replies/send-json.ts";

/** For auditors: any user's delivery, now or in the past, read from the log and in the form of the client's routes. */
export function auditDeliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store } = deps;
  const onRequest = requireStaff(deps, "auditor", "operator");

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
