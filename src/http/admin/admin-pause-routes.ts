import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Decider } from "../../commands/handling/decider.ts";
import { handleCommand } from "../../commands/handling/command-handler.ts";
import { decidePauseDeliveries } from "../../commands/pause-deliveries.ts";
import { decideResumeDeliveries } from "../../commands/resume-deliveries.ts";
import { EVERYTHING, evolvePause, pauseStream, scopeOfEndpoint, scopeOfUser } from "../../events/pause.ts";
import type { Pause, PauseEvent, PauseScope } from "../../events/pause.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { PauseInForce } from "../../projections/directory/pauses-in-force.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import type { Act } from "../access/acts.ts";
import { requireStaff } from "../access/authentication.ts";
import { READ_YOUR_WRITES_MS } from "../dependencies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { endpointNotFound, logSeen } from "../endpoints/own-endpoint.ts";
import { HttpError } from "../errors.ts";
import { sendJson } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { refuseParameters } from "../requests/query.ts";
import { bodyOf, optionalBodyOf, validOrRefuse } from "../requests/request-body.ts";
import { storeOf } from "../server/request-deadline.ts";
import { parsePause, parseResume } from "./pause-schema.ts";

/**
 * How operators pause deliveries, of everything, of one user or to one endpoint:
 *
 * - `POST /v1/admin/pause`: this instance begins no attempt in the scope once it has answered.
 * - `POST /v1/admin/resume`: what was held is released, unless something else holds it.
 * - `GET /v1/admin/pauses`: the pauses in force.
 *
 * The POSTs answer with the scope as it is then, and change nothing where it is so already.
 */
export function adminPauseRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, directory, clock } = deps;
  const onRequest = requireStaff(deps, "operator");

  app.post("/v1/admin/pause", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    const { reason, ...ids } = validOrRefuse(parsePause(bodyOf(request).value));
    const scope = scopeOf(ids);
    await requireScope(scope, deps);
    await change(request, "deliveries_paused", decidePauseDeliveries, { scope, reason, now: isoNow(clock) });
    return sendJson(reply, 200, shownScope(scope));
  });

  app.post("/v1/admin/resume", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    const { reason, ...ids } = validOrRefuse(parseResume(optionalBodyOf(request)));
    const scope = scopeOf(ids);
    // Whatever is paused can be resumed, also when its endpoint was deleted meanwhile.
    if (directory.pauses.in(scope) === null) await requireScope(scope, deps);
    await change(request, "deliveries_resumed", decideResumeDeliveries, { scope, reason, now: isoNow(clock) });
    return sendJson(reply, 200, shownScope(scope));
  });

  app.get("/v1/admin/pauses", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    await logSeen(deps);
    return sendJson(reply, 200, { data: directory.pauses.all.map((pause) => shown(pause, pause)) });
  });

  /** Handles the command, and waits until this instance goes by what became of the scope. */
  async function change<Command extends { readonly scope: PauseScope; readonly reason: string | null }>(
    request: FastifyRequest,
    act: Act,
    decide: Decider<Command, Pause | null, PauseEvent>,
    command: Command,
  ): Promise<void> {
    const { scope, reason } = command;
    const stream = pauseStream(scope);
    const asked = { stream, evolve: evolvePause, decide, command, untilRefused: true, ...commandOf(request) };
    const { position } = await handleCommand(storeOf(request, store), asked);
    if (position !== null) {
      const { scope: kind, userId, endpointId } = scope;
      const ids = { ...(userId !== null && { user: userId }), ...(endpointId !== null && { endpoint: endpointId }) };
      noteAct(request, act, { scope: kind, ...ids, reason });
    }
    const seen = await directory.whenSeen(position ?? (await store.head()), READ_YOUR_WRITES_MS);
    // An operator who reads 200 relies on it. Asking again is harmless.
    if (!seen) throw new StoreUnavailable("the directory has not seen the pause");
  }

  function shownScope(scope: PauseScope): object {
    const { scope: kind, userId, endpointId } = scope;
    return shown({ scope: kind, user_id: userId, endpoint_id: endpointId }, directory.pauses.in(scope));
  }
}

function shown(
  { scope, user_id, endpoint_id }: Pick<PauseInForce, "scope" | "user_id" | "endpoint_id">,
  pause: PauseInForce | null,
): object {
  const paused = pause !== null;
  return { scope, user_id, endpoint_id, paused, reason: pause?.reason ?? null, since: pause?.since ?? null };
}

function scopeOf({ user_id, endpoint_id }: { user_id: number | null; endpoint_id: number | null }): PauseScope {
  if (user_id !== null) return scopeOfUser(user_id);
  return endpoint_id === null ? EVERYTHING : scopeOfEndpoint(endpoint_id);
}

/** Throws HttpError 404 when the user or the endpoint of the scope does not exist, or the endpoint was deleted. */
async function requireScope(
  { userId, endpointId }: PauseScope,
  { directory }: Pick<HttpDependencies, "directory">,
): Promise<void> {
  if (userId !== null && (await directory.user(userId)) === null) throw new HttpError("user_not_found");
  if (endpointId === null) return;
  const endpoint = await directory.endpoint(endpointId);
  if (endpoint === null || endpoint.status === "deleted") throw endpointNotFound(endpointId);
}
