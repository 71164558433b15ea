import type { Command } from "commander";
import { readConfig } from "../config.ts";
import type { Config } from "../config.ts";
import { PROJECTIONS } from "../projections/read-models.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { addressFrom, addressOf } from "./gateway-address.ts";
import { GatewayApi, operatorKeyOf } from "./gateway-api.ts";
import { refuseOtherUser, refuseWithoutLog } from "./log-access.ts";
import { logReportsTo } from "./log-reports.ts";
import { rebuildAtGateway } from "./rebuild-at-gateway.ts";
import { rebuildHere } from "./rebuild-here.ts";
import { UsageError } from "./subcommand.ts";
import { unlessStopped, untilSignal } from "./until-signal.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway rebuild`: a read model made again from the log. */
export function defineRebuild(command: Command): void {
  command
    .argument("[name]", "the projection")
    .option("--all", "every projection, one after the other")
    .option("--url <URL>", "where the gateway is, instead of HOST and PORT")
    .description(
      `A running gateway does it itself and serves meanwhile: it is asked over its API,
at HOST and PORT, with the operator's key, and goes on also when this command is
stopped; a rebuild that is under way there is followed. Where none runs, it is
done here, and what was stopped goes on at the next start. The projections are

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
  const api = new GatewayApi(url === undefined ? addressOf(config) : addressFrom(url), operatorKeyOf(config) ?? "");
  const atGateway =
    url !== undefined ||
    (config.eventStoreUrl !== null && (await api.answers())) ||
    !(await rebuiltHere(config, names));
  if (!atGateway) return;
  for (const one of names) await rebuildAtGateway(api, one);
}

/** Rebuilds them in this process; false when a gateway has the data folder. */
async function rebuiltHere(config: Config, names: readonly string[]): Promise<boolean> {
  if (config.eventStoreUrl === null) {
    refuseWithoutLog(config.dataDir);
    refuseOtherUser(config.dataDir);
  }
  let hasBegun = false;
  return untilSignal(
    () => (hasBegun ? "it goes on at the next start" : "nothing was begun"),
    async (signal) => {
      const storage = await unlessStopped(signal, openStorageUnlessInUse(config));
      if (storage === null) return false;
      await rebuildHere(storage, names, () => (hasBegun = true), signal);
      return true;
    },
  );
}

async function openStorageUnlessInUse(config: Config): Promise<Storage | null> {
  try {
    return await openStorage(config, logReportsTo(warn));
  } catch (error) {
    // Another process has the data folder: the gateway.
    if (error instanceof Error && "code" in error && error.code === "data_directory_in_use") return null;
    throw error;
  }
}

function namesOf(name: string | undefined, all: boolean): readonly string[] {
  const known = PROJECTIONS.map((projection) => projection.name);
  if (all && name === undefined) return known;
  if (all || name === undefined) throw new UsageError("name one projection, or --all");
  if (!known.includes(name)) throw new UsageError(`there is no projection ${name}; there are ${known.join(", ")}`);
  return [name];
}
