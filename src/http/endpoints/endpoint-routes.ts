import type { FastifyInstance } from "fastify";
import { registerEndpoint } from "../../commands/register-endpoint.ts";
import { openSettings, sealedSettings } from "../../events/chosen-settings.ts";
import { endpoints, endpointsOfUserPage } from "../../projections/endpoints.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import { requireUser, userOf } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { openPage } from "../requests/list-page.ts";
import { queryOf } from "../requests/query.ts";
import { bodyOf, validOrRefuse } from "../requests/request-body.ts";
import { upToDate } from "../requests/up-to-date.ts";
import { storeOf } from "../server/request-deadline.ts";
import { EndpointPlaces } from "./endpoint-places.ts";
import { endpointSeen, latestOwnEndpoint, logSeen } from "./own-endpoint.ts";
import { parseListEndpoints } from "./schemas/list-endpoints-schema.ts";
import { registerEndpointReader } from "./schemas/register-endpoint-schema.ts";
import { sendEndpoint, shortEndpoint, shownEndpoint } from "./shown-endpoint.ts";

/**
 * `POST /v1/endpoints` registers an address to deliver to; `GET /v1/endpoints` lists a user's own, by id, and
 * `GET /v1/endpoints/{id}` shows one with all that its owner may change, and its ETag.
 */
export function endpointRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, directory, documents, rules, secrets, vault, clock } = deps;
  const forUsers = { onRequest: requireUser(deps) };
  const places = new EndpointPlaces(deps.settings.maxEndpointsPerUser, directory);
  const readNewEndpoint = registerEndpointReader((url) => rules.judgeUrl(url));

  app.post("/v1/endpoints", forUsers, async (request, reply) => {
    const { user_id } = userOf(request);
    const body = validOrRefuse(readNewEndpoint(bodyOf(request).value));
    const { url, nickname } = body;
    const register = (): ReturnType<typeof registerEndpoint> =>
      registerEndpoint(
        storeOf(request, store),
        { userId: user_id, url, nickname, ...openSettings(body), now: isoNow(clock) },
        (id) => ({
          sealedKeys: vault.newKeys(id),
          ...sealedSettings(body, (headers) => vault.sealHeaders(id, headers)),
        }),
        secrets.reservations,
        commandOf(request),
      );
    const { endpointId, appended } = await places.take(user_id, register, () => logSeen(deps));
    noteAct(request, "endpoint_registered", { endpoint: endpointId });
    await endpointSeen(appended.position, deps);
    return sendJson(reply, 201, shortEndpoint({ endpoint_id: endpointId, url, nickname, user_id }));
  });

  app.get("/v1/endpoints", forUsers, async (request, reply) => {
    const { user_id } = userOf(request);
    const query = validOrRefuse(parseListEndpoints(queryOf(request)));
    const page = openPage<number>(query, ["endpoints", user_id], secrets.cursors);
    await upToDate(deps, [endpoints.name]);
    const found = await endpointsOfUserPage(documents, user_id, page.wanted, page.after);
    return sendJson(
      reply,
      200,
      page.reply(
        found,
        (endpoint) => shownEndpoint(endpoint, deps),
        ({ endpoint_id }) => endpoint_id,
      ),
    );
  });

  app.get("/v1/endpoints/:id", forUsers, async (request, reply) =>
    sendEndpoint(reply, await latestOwnEndpoint(request, deps), deps),
  );
}
