import type { FastifyInstance } from "fastify";
import { EVERYTHING, scopeOfUser } from "../../events/pause.ts";
import type { EndpointStandingDocument } from "../../projections/endpoint-statistics/endpoint-standing.ts";
import { endpointsByFailures } from "../../projections/endpoint-statistics/endpoint-standings.ts";
import type { FailuresPlace } from "../../projections/endpoint-statistics/endpoint-standings.ts";
import { endpointStatistics } from "../../projections/endpoint-statistics/endpoint-statistics.ts";
import { dispatchesPerMinute } from "../../projections/endpoint-statistics/user-load.ts";
import type { UserLoadDocument } from "../../projections/endpoint-statistics/user-load.ts";
import { usersByBacklog, usersByRate } from "../../projections/endpoint-statistics/user-loads.ts";
import type { BacklogPlace } from "../../projections/endpoint-statistics/user-loads.ts";
import { usernames } from "../../projections/users.ts";
import { requireStaff } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { openPage } from "../requests/list-page.ts";
import { queryOf } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { refuseUnlessCurrent } from "../requests/up-to-date.ts";
import { parseAdminEndpoints, parseAdminUsers } from "./admin-load-schema.ts";

/**
 * Who has trouble and who makes it:
 *
 * - `GET /v1/admin/endpoints`: those that had a delivery, with the most failed attempts in a row first.
 * - `GET /v1/admin/users`: those with the largest backlog first, or with the most dispatches in the last minute.
 */
export function adminLoadRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { documents, clock, secrets } = deps;
  const onRequest = requireStaff(deps, "operator");

  app.get("/v1/admin/endpoints", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseAdminEndpoints(queryOf(request)));
    const page = openPage<FailuresPlace>(query, ["admin/endpoints"], secrets.cursors);
    refuseUnlessCurrent(deps, [endpointStatistics.name]);
    const found = await endpointsByFailures(documents, page.wanted, page.after);
    const placeOf = ({ failures, _id: id }: EndpointStandingDocument): FailuresPlace => ({ failures, id });
    return sendJson(
      reply,
      200,
      page.reply(found, (standing) => shownEndpoint(deps, standing), placeOf),
    );
  });

  app.get("/v1/admin/users", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseAdminUsers(queryOf(request)));
    const page = openPage<BacklogPlace>(query, ["admin/users"], secrets.cursors);
    refuseUnlessCurrent(deps, [endpointStatistics.name]);
    const now = clock.now();
    const byRate = query.order === "rate";
    const found = byRate
      ? await usersByRate(documents, query.limit, now)
      : await usersByBacklog(documents, page.wanted, page.after);
    const names = await usernames(
      documents,
      found.map(({ load_of }) => load_of),
    );
    const shown = (load: UserLoadDocument): object => ({
      id: load.load_of,
      username: names.get(load.load_of) ?? null,
      backlog: load.backlog,
      dispatches_last_minute: dispatchesPerMinute(load, now),
      paused: [EVERYTHING, scopeOfUser(load.load_of)].some((scope) => deps.directory.pauses.in(scope) !== null),
    });
    const placeOf = ({ backlog, _id: id }: UserLoadDocument): BacklogPlace => ({ backlog, id });
    return sendJson(reply, 200, page.reply(found, shown, placeOf));
  });
}

function shownEndpoint({ directory }: HttpDependencies, standing: EndpointStandingDocument): object {
  const endpoint = directory.knownEndpoint(standing.standing_of);
  return {
    id: standing.standing_of,
    user_id: standing.user_id,
    url: endpoint?.url ?? null,
    nickname: endpoint?.nickname ?? null,
    status: endpoint?.status ?? null,
    failures: standing.failures,
    failing_since: standing.failing_since,
    pending: standing.pending,
    paused: directory.pauseOf({ endpoint_id: standing.standing_of, user_id: standing.user_id }) !== null,
  };
}
