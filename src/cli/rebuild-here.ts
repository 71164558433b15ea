import { setTimeout as pause } from "node:timers/promises";
import { recordStaffAct } from "../commands/handling/record-staff-act.ts";
import type { RebuildStatus } from "../projections/running/projection-report.ts";
import { timeOrderedId } from "../runtime/time-ordered-id.ts";
import type { Storage } from "../storage/storage.ts";
import { RebuildBar } from "./rebuild-bar.ts";
import { unlessStopped } from "./until-signal.ts";
import { warn } from "./warn.ts";

/** How often the thread of the projections is asked whether it has come up, in ms. */
const LOOK_MS = 250;

/**
 * Rebuilds projections in this process, one after the other, and shows how far it is. It closes the storage.
 *
 * @param onBegun called when the next start goes on with a rebuild, were this process to end now
 * @param signal breaks it off
 * @throws Error of one line, the signal's reason
 */
export async function rebuildHere(
  storage: Storage,
  names: readonly string[],
  onBegun: () => void,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const watchers = new Map<string, (status: RebuildStatus | null) => void>();
  const running = storage.runProjections(
    (report) => {
      if (report.kind === "failure") warn(`${report.name}: ${report.reason}`);
      if (report.kind === "rebuild") watchers.get(report.name)?.(report.status);
    },
    AbortSignal.any([signal, done.signal]),
  );
  try {
    for (const name of names) {
      signal.throwIfAborted();
      const bar = new RebuildBar(name);
      const head = await storage.store.head();
      const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>();
      let differing: number | null = null;
      watchers.set(name, (status) => {
        if (status === null) resolve(differing);
        else if (status.phase === "faulted") reject(new Error(`${name} stopped at an event that it cannot read`));
        else {
          differing = status.comparison?.differing ?? null;
          bar.show(status.position, head);
        }
      });
      // Whatever it ends with is met below; until then nothing waits for it.
      ended.catch(() => undefined);
      await record(storage, name);
      await begin(storage, name, signal);
      onBegun();
      bar.done(await unlessStopped(signal, ended).finally(() => bar.end()));
    }
  } finally {
    done.abort();
    await running.catch(() => undefined);
    await storage.close();
  }
}

/** The log has that it was asked for, as it has of a gateway's route. */
async function record({ store }: Storage, projection: string): Promise<void> {
  const now = new Date().toISOString();
  const commandId = timeOrderedId();
  const asked = { type: "RebuildRequested", data: { projection, requestedAt: now } } as const;
  await recordStaffAct(store, asked, { commandId, correlationId: commandId, actor: "operator" });
}

/** Asks until the thread of the projections has come up. */
async function begin(storage: Storage, name: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      // One that an earlier process began is under way already.
      await storage.projections.rebuild(name);
      return;
    } catch {
      await pause(LOOK_MS);
    }
  }
}
