import { setTimeout as pause } from "node:timers/promises";
import { GatewayRefusal } from "./gateway-api.ts";
import type { GatewayApi, ShownProjection } from "./gateway-api.ts";
import { RebuildBar } from "./rebuild-bar.ts";
import { orReason, untilSignal } from "./until-signal.ts";
import { warn } from "./warn.ts";

/** How often a running gateway is asked how far it is, in ms. */
const LOOK_MS = 250;
/** The status with which a gateway says that it is rebuilding this projection already. */
const ALREADY_RUNNING = 409;

/**
 * Has a running gateway rebuild a projection, and shows how far it is until it is done. A rebuild that is under way there
 * already is followed.
 *
 * @throws Error of one line; at a signal too, which ends only the following
 */
export async function rebuildAtGateway(api: GatewayApi, name: string): Promise<void> {
  const bar = new RebuildBar(name);
  await untilSignal(`the gateway goes on rebuilding ${name}, see GET /v1/admin/projections`, async (signal) => {
    await begin(api, name);
    bar.done(await followed(api, name, bar, signal).catch(orReason(signal)));
  }).finally(() => bar.end());
}

async function begin(api: GatewayApi, name: string): Promise<void> {
  try {
    await api.rebuild(name);
  } catch (error) {
    if (!(error instanceof GatewayRefusal && error.status === ALREADY_RUNNING)) throw error;
    warn(`the gateway is rebuilding ${name} already; this follows it`);
  }
}

/** Returns how many documents differed; null when they were not compared. */
async function followed(api: GatewayApi, name: string, bar: RebuildBar, signal: AbortSignal): Promise<number | null> {
  for (;;) {
    const { rebuild, head, last_comparison: comparison } = await shown(api, name, signal);
    if (rebuild === null) return comparison?.differing ?? null;
    if (rebuild.phase === "faulted") throw new Error(`${name} stopped at an event that it cannot read`);
    bar.show(rebuild.position, head);
    await pause(LOOK_MS, undefined, { signal });
  }
}

async function shown(api: GatewayApi, name: string, signal: AbortSignal): Promise<ShownProjection> {
  const found = (await api.projections(signal)).find((projection) => projection.name === name);
  if (found === undefined) throw new Error(`the gateway has no projection ${name}`);
  return found;
}
