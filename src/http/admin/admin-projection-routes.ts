import type { FastifyInstance, FastifyReply } from "fastify";
import { recordStaffAct } from "../../commands/handling/record-staff-act.ts";
import type { Position } from "../../events/store/position.ts";
import type { ReadModel } from "../../projections/projection.ts";
import { PROJECTIONS } from "../../projections/read-models.ts";
import { ProjectionDigests } from "../../projections/rebuilding/projection-digests.ts";
import type { ModelDigest } from "../../projections/rebuilding/projection-digests.ts";
import type { RebuildAnswer } from "../../projections/running/projection-host.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import { requireStaff } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { sendJson } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { parseNoFields } from "../requests/no-fields-schema.ts";
import { refuseParameters } from "../requests/query.ts";
import { optionalBodyOf, validOrRefuse } from "../requests/request-body.ts";
import { storeOf } from "../server/request-deadline.ts";

interface NameParameter {
  Params: { readonly name: string };
}

/**
 * What operators see of the read models, and how they have one made again:
 *
 * - `GET /v1/admin/projections`: where each stands; with the digest that was taken last.
 * - `GET /v1/admin/projections/{name}`: one of them, with its digest as it is now, for which all of it is read.
 * - `POST /v1/admin/projections/{name}/rebuild`: 202, and it is made again beside the live one; `DELETE` ends that.
 *   That it was asked for is an event of the log, written before, also when it is refused then.
 */
export function adminProjectionRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, progress, projections, clock } = deps;
  const onRequest = requireStaff(deps, "operator");
  const digests = new ProjectionDigests(documents, progress);

  app.get("/v1/admin/projections", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    const head = await store.head();
    const data: object[] = [];
    for (const model of PROJECTIONS) data.push(await shown(deps, model, head, digests.last(model.name)));
    return sendJson(reply, 200, { data });
  });

  app.get<NameParameter>("/v1/admin/projections/:name", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    const model = known(request.params.name);
    const digest = await digests.take(model);
    return sendJson(reply, 200, await shown(deps, model, await store.head(), digest));
  });

  app.post<NameParameter>("/v1/admin/projections/:name/rebuild", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    validOrRefuse(parseNoFields(optionalBodyOf(request)));
    const model = known(request.params.name);
    const { name: projection } = model;
    const data = { projection, requestedAt: isoNow(clock) };
    await recordStaffAct(storeOf(request, store), { type: "RebuildRequested", data }, commandOf(request));
    const answer = await projections.rebuild(projection);
    if (answer === "begun") noteAct(request, "rebuild_requested", { projection });
    return sendAnswer(deps, reply, model, answer);
  });

  app.delete<NameParameter>("/v1/admin/projections/:name/rebuild", { onRequest }, async (request, reply) => {
    refuseParameters(request);
    validOrRefuse(parseNoFields(optionalBodyOf(request)));
    const model = known(request.params.name);
    const { name: projection } = model;
    const data = { projection, requestedAt: isoNow(clock) };
    await recordStaffAct(storeOf(request, store), { type: "RebuildCancelRequested", data }, commandOf(request));
    const answer = await projections.cancel(projection);
    if (answer === "ended") noteAct(request, "rebuild_canceled", { projection });
    return sendAnswer(deps, reply, model, answer);
  });

  function known(name: string): ReadModel {
    const model = PROJECTIONS.find((one) => one.name === name);
    if (model !== undefined) return model;
    const names = PROJECTIONS.map((one) => one.name).join(", ");
    throw new HttpError("projection_not_found", { errors: [`the projections are ${names}`] });
  }

  async function sendAnswer(
    dependencies: HttpDependencies,
    reply: FastifyReply,
    model: ReadModel,
    answer: RebuildAnswer,
  ): Promise<FastifyReply> {
    switch (answer) {
      case "already_running":
        throw new HttpError("rebuild_already_running");
      case "not_running":
        throw new HttpError("rebuild_not_running");
      case "unknown_projection":
        throw new HttpError("projection_not_found");
      case "begun":
      case "ended":
        return sendJson(reply, 202, await shown(dependencies, model, await store.head(), digests.last(model.name)));
    }
  }
}

async function shown(
  { store, progress, clock, settings }: HttpDependencies,
  model: ReadModel,
  head: Position | null,
  digest: ModelDigest | null,
): Promise<object> {
  const status = progress.statuses().find(({ name }) => name === model.name);
  const rebuild = progress.rebuildOf(model.name);
  const comparison = progress.lastComparisonOf(model.name);
  const position = status?.position ?? null;
  return {
    name: model.name,
    version: status?.version ?? model.version,
    state: rebuild === null ? (status?.state ?? "catching_up") : "rebuilding",
    position,
    head,
    // Only the embedded log's positions count events.
    lag_events: settings.sharedLog ? null : Number(head ?? 0) - Number(position ?? 0),
    lag_seconds: await lagSeconds(store, model, position, clock.now()),
    fault: status?.fault ?? null,
    rebuild: rebuild && {
      version: rebuild.version,
      phase: rebuild.phase,
      position: rebuild.position,
      fault: rebuild.fault,
    },
    last_comparison: comparison && { differing: comparison.differing, undecided: comparison.undecided },
    digest: digest && { sha256: digest.value, position: digest.position, exact: digest.exact },
  };
}

/** How long the oldest event that the model has not seen has been in the log; 0 when there is none. */
async function lagSeconds(
  store: HttpDependencies["store"],
  { categories }: ReadModel,
  after: Position | null,
  now: number,
): Promise<number> {
  for await (const event of store.readAll({ after, ...(categories && { categories }), limit: 1 })) {
    return Math.max(0, now - Date.parse(event.recordedAt)) / 1_000;
  }
  return 0;
}
