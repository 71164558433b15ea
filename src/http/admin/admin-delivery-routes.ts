import type { FastifyInstance } from "fastify";
import { deliveries } from "../../projections/deliveries.ts";
import { dueDeliveries } from "../../projections/due-deliveries.ts";
import { endpointStatistics } from "../../projections/endpoint-statistics/endpoint-statistics.ts";
import { heldDeliveries } from "../../projections/held-deliveries.ts";
import type { PagesFrom } from "../../projections/store/pages.ts";
import { requireStaff } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { openPage } from "../requests/list-page.ts";
import { queryOf } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { refuseUnlessCurrent } from "../requests/up-to-date.ts";
import { parseAdminDeliveries } from "./admin-deliveries-schema.ts";
import { listDeliveries } from "./listed-deliveries.ts";

const MODELS = [deliveries.name, dueDeliveries.name, heldDeliveries.name];

/** `GET /v1/admin/deliveries`: what is due, held, under way or has failed, with why it waits and since when. */
export function adminDeliveryRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  app.get("/v1/admin/deliveries", { onRequest: requireStaff(deps, "operator") }, async (request, reply) => {
    const query = validOrRefuse(parseAdminDeliveries(queryOf(request)));
    const { state, user_id: userId, endpoint_id: endpointId, within: withinSeconds, limit, cursor } = query;
    const scope = ["admin/deliveries", state, userId, endpointId, withinSeconds];
    const page = openPage<NonNullable<PagesFrom["after"]>>({ limit, cursor }, scope, deps.secrets.cursors);
    const byEndpoints = state === "held" && userId !== null && endpointId === null;
    refuseUnlessCurrent(deps, byEndpoints ? [...MODELS, endpointStatistics.name] : MODELS);
    const { data, next } = await listDeliveries(deps, { state, userId, endpointId, withinSeconds }, limit, page.after);
    return sendJson(reply, 200, page.partOf(data, next));
  });
}
