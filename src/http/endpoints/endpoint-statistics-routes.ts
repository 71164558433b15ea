import type { FastifyInstance } from "fastify";
import { percentile } from "../../projections/endpoint-statistics/duration-histogram.ts";
import type { EndpointDayDocument } from "../../projections/endpoint-statistics/endpoint-day.ts";
import { daysOfEndpoint, endpointStatistics } from "../../projections/endpoint-statistics/endpoint-statistics.ts";
import { requireUser } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { openPage } from "../requests/list-page.ts";
import { queryOf } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { upToDate } from "../requests/up-to-date.ts";
import { ownEndpoint } from "./own-endpoint.ts";
import { parseEndpointStatistics } from "./schemas/endpoint-statistics-schema.ts";

/**
 * `GET /v1/endpoints/{id}/statistics`: what became of the endpoint's deliveries, a day (in UTC) each, the latest first:
 *
 *     {"data":[{"day":"2026-01-31","delivered":41,"failed":1,"attempts":47,
 *       "attempt_outcomes":{"delivered":41,"failed":5,"unknown":1},"p50_duration_ms":86,"p95_duration_ms":424,
 *       "error_codes":{"http_status":4,"timeout":1}}],"next_cursor":null}
 */
export function endpointStatisticsRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { documents, secrets } = deps;

  app.get("/v1/endpoints/:id/statistics", { onRequest: requireUser(deps) }, async (request, reply) => {
    const { from, to, limit, cursor } = validOrRefuse(parseEndpointStatistics(queryOf(request)));
    const { endpoint_id: endpointId } = await ownEndpoint(request, deps);
    const page = openPage<string>({ limit, cursor }, ["endpoint-statistics", endpointId, from, to], secrets.cursors);
    await upToDate(deps, [endpointStatistics.name]);
    const range = { ...(from !== null && { from }), ...(to !== null && { to }) };
    const found = await daysOfEndpoint(documents, endpointId, range, page.wanted, page.after);
    return sendJson(
      reply,
      200,
      page.reply(found, dayReply, ({ day }) => day),
    );
  });
}

function dayReply({ day, delivered, failed, attempts, durations, error_codes }: EndpointDayDocument): object {
  return {
    day,
    delivered,
    failed,
    attempts: Object.values(attempts).reduce((sum, count) => sum + count),
    attempt_outcomes: attempts,
    p50_duration_ms: percentile(durations, 50),
    p95_duration_ms: percentile(durations, 95),
    error_codes,
  };
}
