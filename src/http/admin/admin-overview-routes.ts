import type { FastifyInstance } from "fastify";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import { deliveries } from "../../projections/deliveries.ts";
import { attemptsUnderWay, dueDeliveries } from "../../projections/due-deliveries.ts";
import { endpointStatistics } from "../../projections/endpoint-statistics/endpoint-statistics.ts";
import { heldDeliveries } from "../../projections/held-deliveries.ts";
import { ReadModelsUnavailable } from "../../projections/store/document-store.ts";
import { isoNow } from "../../runtime/clock.ts";
import { requireStaff } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { refuseParameters } from "../requests/query.ts";
import { listDeliveries } from "./listed-deliveries.ts";

/** How long the overview waits for new counts, in ms. Those that take longer are in a later one. */
const COUNTS_PATIENCE_MS = 50;

/** How many pauses the overview names. */
const MAX_PAUSES = 20;

/** `GET /v1/admin/overview`: how the gateway is, in one reply that is small and never late. */
export function adminOverviewRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  app.get("/v1/admin/overview", { onRequest: requireStaff(deps, "operator") }, async (request, reply) => {
    refuseParameters(request);
    return sendJson(reply, 200, await overview(deps));
  });
}

/** What a store that is down, or a read model that is being made, would say is null: the rest is wanted all the more. */
async function overview(deps: HttpDependencies): Promise<object> {
  const { clock, directory, documents, figures, instance, progress, settings, store } = deps;
  const refreshed = figures.refresh(COUNTS_PATIENCE_MS);
  const now = isoNow(clock);
  const isCurrent = (...models: readonly { readonly name: string }[]): boolean =>
    progress.areCurrent(models.map(({ name }) => name));
  const oldest = isCurrent(dueDeliveries, deliveries)
    ? await orNull(listDeliveries(deps, { state: "due", userId: null, endpointId: null, withinSeconds: 0 }, 1, null))
    : null;
  const isListed = isCurrent(dueDeliveries);
  const under_way = isListed ? await orNull(attemptsUnderWay(documents, now)) : null;
  const head = await orNull(store.head());
  await refreshed;
  const sample = figures.sample();
  const { waiting, underWay } = figures.load();
  const { all } = directory.pauses;
  return {
    time: now,
    instance: {
      id: instance.id,
      version: instance.version,
      revision: instance.revision,
      uptime_seconds: instance.uptimeSeconds(),
    },
    oldest_due: oldest?.data[0] ?? null,
    deliveries: {
      due: isListed ? sample.deliveriesDue : null,
      due_within_hour: isListed ? sample.deliveriesDueWithinHour : null,
      held: isCurrent(heldDeliveries) ? sample.deliveriesHeld : null,
      under_way,
    },
    endpoints: {
      failing: isCurrent(endpointStatistics) ? sample.endpointsFailing : null,
      failing_from: settings.failingAttempts,
    },
    queue: { waiting, limit: settings.queueLimit, under_way: underWay, under_way_limit: settings.attemptsAtOnce },
    breakers: [],
    paused_count: all.length,
    // A pause of everything explains all.
    paused: [...all].sort((a, b) => Number(b.scope === "all") - Number(a.scope === "all")).slice(0, MAX_PAUSES),
    projections: figures
      .projections()
      .map(({ name, live, lagSeconds }) => ({ name, live, lag_seconds: round(lagSeconds) })),
    log: { head, bytes: sample.eventLogBytes },
    read_models: { bytes: sample.readModelsBytes },
    disk_free_bytes: sample.diskFreeBytes,
    counted_seconds_ago: round(figures.sampleAge()),
  };
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ReadModelsUnavailable || error instanceof StoreUnavailable) return null;
    throw error;
  }
}

function round<S extends number | null>(seconds: S): S {
  return (seconds === null ? null : Math.round(seconds * 1_000) / 1_000) as S;
}
