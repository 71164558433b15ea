import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { recordStaffAct } from "../commands/handling/record-staff-act.ts";
import { readConfig } from "../config.ts";
import { PROJECTIONS } from "../projections/read-models.ts";
import type { RebuildStatus } from "../projections/running/projection-report.ts";
import { timeOrderedId } from "../runtime/time-ordered-id.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { GatewayApi, addressOf, operatorKeyOf } from "./gateway-api.ts";
import { refuseOtherUser, refuseWithoutLog } from "./log-access.ts";
import { logReportsTo } from "./log-reports.ts";
import { ProgressLine } from "./progress-line.ts";
import { UsageError } from "./subcommand.ts";
import { warn } from "./warn.ts";

/** How often a running gateway is asked how far it is, in ms. */
const LOOK_MS = 250;

/** `webhook-gateway rebuild`: a read model made again from the log. */
export function defineRebuild(command: Command): void {
  command
    .argument("[name]", "the projection")
    .option("--all", "every projection, one after the other")
    .option("--url <URL>", "where the gateway is, instead of HOST and PORT")
    .description(
      `A running gateway does it itself and serves meanwhile: it is asked over its API,
at HOST and PORT, with the operator's key. Where none runs, it is done here. An
interrupted rebuild goes on where it was. The projections are

${PROJECTIONS.map(({ name }) => `  ${name}`).join("\n")}`,
    )
    .action(runRebuild);
}

interface RebuildOptions {
  readonly all?: boolean;
  readonly url?: string;
}

async function runRebuild(name: string | undefined, { all = false, url }: RebuildOptions): Promise<void> {
  const names = namesOf(name, all);
  const config = readConfig(process.env);
  const api = new GatewayApi(url ?? addressOf(config), operatorKeyOf(config) ?? "");
  if (url !== undefined || (config.eventStoreUrl !== null && (await api.answers()))) {
    for (const name of names) await throughGateway(api, name);
    return;
  }
  if (config.eventStoreUrl === null) {
    refuseWithoutLog(config.dataDir);
    refuseOtherUser(config.dataDir);
  }
  let storage: Storage;
  try {
    storage = await openStorage(config, logReportsTo(warn));
  } catch (error) {
    // Another process has the data folder: the gateway.
    if (!(error instanceof Error && "code" in error && error.code === "data_directory_in_use")) throw error;
    for (const name of names) await throughGateway(api, name);
    return;
  }
  await directly(storage, names);
}

function namesOf(name: string | undefined, all: boolean): readonly string[] {
  const known = PROJECTIONS.map((projection) => projection.name);
  if (all && name === undefined) return known;
  if (all || name === undefined) throw new UsageError("name one projection, or --all");
  if (!known.includes(name)) throw new UsageError(`there is no projection ${name}; there are ${known.join(", ")}`);
  return [name];
}

/** Has a running gateway do it, and shows how far it is. */
async function throughGateway(api: GatewayApi, name: string): Promise<void> {
  await api.rebuild(name);
  const bar = new RebuildBar(name);
  for (;;) {
    const shown = (await api.projections()).find((projection) => projection.name === name);
    if (shown === undefined) throw new Error(`the gateway has no projection ${name}`);
    const { rebuild, head, last_comparison: comparison } = shown;
    if (rebuild === null) {
      bar.done(comparison?.differing ?? null);
      return;
    }
    if (rebuild.phase === "faulted") throw new Error(`${name} stopped at an event that it cannot read`);
    bar.show(rebuild.position, head);
    await pause(LOOK_MS);
  }
}

/** Does it in this process, which has the log and the read models open. */
async function directly(storage: Storage, names: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once("SIGINT", interrupted);
  const watchers = new Map<string, (status: RebuildStatus | null) => void>();
  const running = storage.runProjections((report) => {
    if (report.kind === "failure") warn(`${report.name}: ${report.reason}`);
    if (report.kind === "rebuild") watchers.get(report.name)?.(report.status);
  }, stop.signal);
  try {
    for (const name of names) {
      const bar = new RebuildBar(name);
      const head = await storage.store.head();
      let differing: number | null = null;
      const ended = new Promise<void>((resolve, reject) => {
        watchers.set(name, (status) => {
          if (status === null) resolve();
          else if (status.phase === "faulted") reject(new Error(`${name} stopped at an event that it cannot read`));
          else {
            differing = status.comparison?.differing ?? null;
            bar.show(status.position, head);
          }
        });
        stop.signal.addEventListener("abort", () => reject(new Error("interrupted; it goes on at the next start")));
      });
      await record(storage, name);
      await begin(storage, name);
      await ended;
      bar.done(differing);
    }
  } finally {
    process.off("SIGINT", interrupted);
    stop.abort();
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
async function begin(storage: Storage, name: string): Promise<void> {
  for (;;) {
    try {
      // One that an earlier process began is under way already.
      await storage.projections.rebuild(name);
      return;
    } catch {
      await pause(LOOK_MS);
    }
  }
}

/** One line about one rebuild. */
class RebuildBar {
  readonly #name: string;
  readonly #progress: ProgressLine;

  constructor(name: string) {
    this.#name = name;
    this.#progress = new ProgressLine(process.stderr, `rebuilding ${name}`);
  }

  show(position: string | null, head: string | null): void {
    const done = Number(position ?? 0);
    // In whole steps of what the progress looks at.
    this.#progress.report(done - (done % 64), head === null ? null : Math.min(1, done / Number(head)));
  }

  /** `found`: how many documents of the old one differed, or null when they were not compared. */
  done(found: number | null): void {
    this.#progress.end();
    const compared = found === null ? "" : found === 0 ? "; the old one was the same" : `; ${found} documents differed`;
    warn(`rebuilt ${this.#name}${compared}`);
  }
}
