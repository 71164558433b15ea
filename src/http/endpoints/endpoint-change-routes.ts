import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { deleteEndpoint } from "../../commands/delete-endpoint.ts";
import { decideDisableEndpoint } from "../../commands/disable-endpoint.ts";
import type { DisableEndpoint } from "../../commands/disable-endpoint.ts";
import { decideEnableEndpoint } from "../../commands/enable-endpoint.ts";
import type { EnableEndpoint } from "../../commands/enable-endpoint.ts";
import { handleEndpointCommand } from "../../commands/handling/endpoint-command.ts";
import { updateEndpoint } from "../../commands/update-endpoint.ts";
import type { Decider } from "../../commands/handling/decider.ts";
import { openChanges, sealedChanges } from "../../events/chosen-settings.ts";
import { endpointStream } from "../../events/endpoint.ts";
import type { Endpoint, EndpointChanges, EndpointDisabled, EndpointEnabled } from "../../events/endpoint.ts";
import type { Position } from "../../events/store/position.ts";
import { endpoints } from "../../projections/endpoints.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import { stateAt } from "../../projections/history/state-at.ts";
import { snakeCase } from "../../projections/snake-case.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import type { Act } from "../access/acts.ts";
import { requireUser } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { commandOf } from "../requests/command-of.ts";
import { parseNoFields } from "../requests/no-fields-schema.ts";
import { bodyOf, optionalBodyOf, validOrRefuse } from "../requests/request-body.ts";
import { storeOf } from "../server/request-deadline.ts";
import { expectedOf } from "./endpoint-tag.ts";
import { inEndpointTurn } from "./endpoint-turn.ts";
import { endpointSeen, latestOwnEndpoint, ownEndpoint } from "./own-endpoint.ts";
import { updateEndpointReader } from "./schemas/update-endpoint-schema.ts";
import type { EndpointPatch } from "./schemas/update-endpoint-schema.ts";
import { sendEndpoint } from "./shown-endpoint.ts";

/**
 * What the owner of an endpoint changes of it. All but DELETE answer with the endpoint as this change left it,
 * whatever others changed since, and change nothing where it is so already. With `If-Match` all of them change nothing, and answer 412, when the endpoint has another ETag:
 *
 * - `PATCH /v1/endpoints/{id}`: its address, its name, and what was chosen for it (RFC 7396: null takes a choice back).
 * - `POST /v1/endpoints/{id}/disable` holds its deliveries, `POST /v1/endpoints/{id}/enable` lets them go.
 * - `DELETE /v1/endpoints/{id}` cancels its deliveries and frees its address: 204.
 */
export function endpointChangeRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, rules, secrets, clock } = deps;
  const forUsers = { onRequest: requireUser(deps) };
  const readPatch = updateEndpointReader((url) => rules.judgeUrl(url));

  app.patch("/v1/endpoints/:id", forUsers, async (request, reply) => {
    const patch = validOrRefuse(readPatch(bodyOf(request).value));
    const endpoint = await latestOwnEndpoint(request, deps);
    const { endpoint_id: endpointId, user_id: userId } = endpoint;
    const changes = changesOf(patch, endpoint, deps);
    const command = { endpointId, ...expectedOf(request), changes, now: isoNow(clock) };
    const position = await inEndpointTurn(request, deps, endpointId, (log) =>
      updateEndpoint(log, command, userId, secrets.reservations, commandOf(request)),
    );
    const changed = { endpoint: endpointId, changes: Object.keys(patch) };
    if (position !== null) noteAct(request, "endpoint_updated", changed);
    return sendAsChanged(request, reply, position);
  });

  app.post("/v1/endpoints/:id/disable", forUsers, (request, reply) =>
    turn<DisableEndpoint>(request, reply, "endpoint_disabled", decideDisableEndpoint, (command) => ({
      ...command,
      reason: "requested",
    })),
  );

  app.post("/v1/endpoints/:id/enable", forUsers, (request, reply) =>
    turn(request, reply, "endpoint_enabled", decideEnableEndpoint, (command) => command),
  );

  app.delete("/v1/endpoints/:id", forUsers, async (request, reply) => {
    validOrRefuse(parseNoFields(optionalBodyOf(request)));
    const { endpoint_id: endpointId, user_id: userId } = await ownEndpoint(request, deps);
    const command = { endpointId, ...expectedOf(request), now: isoNow(clock) };
    const { position } = await inEndpointTurn(request, deps, endpointId, (log) =>
      deleteEndpoint(log, command, userId, secrets.reservations, commandOf(request)),
    );
    if (position !== null) noteAct(request, "endpoint_deleted", { endpoint: endpointId });
    await endpointSeen(position, deps);
    return reply.sent ? reply : reply.code(204).send();
  });

  /** `complete` adds to the command what it has besides its endpoint and its time. */
  async function turn<Command extends EnableEndpoint>(
    request: FastifyRequest,
    reply: FastifyReply,
    act: Act,
    decide: Decider<Command, Endpoint, EndpointDisabled | EndpointEnabled>,
    complete: (command: EnableEndpoint) => Command,
  ): Promise<FastifyReply> {
    validOrRefuse(parseNoFields(optionalBodyOf(request)));
    const { endpoint_id, user_id } = await ownEndpoint(request, deps);
    const command = complete({ endpointId: endpoint_id, ...expectedOf(request), now: isoNow(clock) });
    const { position } = await inEndpointTurn(request, deps, endpoint_id, (log) =>
      handleEndpointCommand(log, decide, command, user_id, commandOf(request)),
    );
    if (position !== null) noteAct(request, act, { endpoint: endpoint_id });
    return sendAsChanged(request, reply, position);
  }

  /** `position` is where the change was written; null when there was none, since somebody else had made it before. */
  async function sendAsChanged(
    request: FastifyRequest,
    reply: FastifyReply,
    position: Position | null,
  ): Promise<FastifyReply> {
    await endpointSeen(position ?? (await store.head()), deps);
    const endpoint = await ownEndpoint(request, deps);
    if (position === null) return sendEndpoint(reply, endpoint, deps);
    const events = await storeOf(request, store).read(endpointStream(endpoint.endpoint_id));
    const changed = stateAt(endpoints, endpoint._id, events, { kind: "position", position });
    return sendEndpoint(reply, changed ?? endpoint, deps);
  }
}

/** The changes that a patch asks for. */
function changesOf(patch: EndpointPatch, endpoint: EndpointDocument, { vault }: HttpDependencies): EndpointChanges {
  const { url, nickname } = patch;
  const { endpoint_id: id } = endpoint;
  const sealed = sealedChanges(
    patch,
    (headers) => vault.sealHeaders(id, headers),
    (key) => vault.openHeaders(id, endpoint[snakeCase(key)]),
  );
  const named = { ...(url !== undefined && { url }), ...(nickname !== undefined && { nickname }) };
  return { ...named, ...openChanges(patch), ...sealed };
}
