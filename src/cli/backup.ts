import { createHash, randomBytes } from "node:crypto";
import { createReadStream, lstatSync, renameSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { syncFolder } from "../runtime/sync-folder.ts";
import { backUpEmbeddedLog } from "./log-access.ts";
import { refuseWithoutFolder } from "./named-file.ts";
import { ProgressLine } from "./progress-line.ts";
import { standardOutput } from "./standard-output.ts";
import { UsageError } from "./subcommand.ts";
import { orReason, untilSignal } from "./until-signal.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway backup`: a copy of the embedded log that a gateway can be started on. */
export function defineBackup(command: Command): void {
  command
    .argument("<FILE>", "where to")
    .option("--json", "says what is in it as one JSON object")
    .description(
      `FILE gets its name when it is whole, checked and synced; a file that is there is
never replaced. It holds every event up to the moment when the backup began,
with their payloads: keep it as safe as the log. To restore, put it into a new
folder as events.sqlite, with the master.key that it was made with, and start
with DATA_DIR on that folder. The key is never in the file.`,
    )
    .action(runBackup);
}

/** What was written, for the operator who keeps it. */
interface Written {
  readonly file: string;
  readonly events: number;
  readonly position: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly log_id: string;
}

async function runBackup(target: string, { json = false }: { readonly json?: boolean }): Promise<void> {
  if (target === "" || target === "-") throw new UsageError("a backup needs the name of a file");
  const config = readConfig(process.env);
  const file = resolve(target);
  refuseTarget(file);
  // Two backups to one name must not write into one file, and a name left by a killed one must not stop the next.
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.unfinished`;
  const progress = new ProgressLine(process.stderr, "copying");
  const { events, position, logId, sha256 } = await untilSignal("nothing was kept", async (signal) => {
    const copied = await backUpEmbeddedLog(config, unfinished, {
      signal,
      // Reports count in 64 events.
      onProgress: (fraction, count) => progress.report(Math.floor((fraction * count) / 64) * 64, fraction),
    });
    try {
      const digest = await digestOf(unfinished, signal).catch(orReason(signal));
      refuseTarget(file);
      renameSync(unfinished, file);
      return { ...copied, sha256: digest };
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }).finally(() => progress.end());
  syncFolder(dirname(file));
  const written = { file, events, position, bytes: (await stat(file)).size, sha256, log_id: logId };
  try {
    await standardOutput()(json ? `${JSON.stringify(written)}\n` : described(written));
  } catch (error) {
    // The copy has its name and is synced. An exit code other than 0 would say that nothing was kept.
    warn(`${(error as Error).message}; the backup is whole`);
  }
  const key = config.masterKey === null ? `${resolve(config.dataDir)}/master.key` : "the value of MASTER_KEY";
  warn(`without the master key it is useless, and the key is not in it: keep a copy of ${key} apart from it`);
}

function refuseTarget(file: string): void {
  refuseWithoutFolder(file);
  // Not existsSync: a link that leads nowhere is something too.
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) {
    throw new Error(`${file} is there already; name a new file`);
  }
}

async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest("hex");
}

function described({ file, events, position, bytes, sha256, log_id }: Written): string {
  const rows = { events, position: position ?? "none, the log is empty", bytes, sha256, "log id": log_id };
  const lines = Object.entries(rows).map(([name, value]) => `  ${name.padEnd(8)}  ${value}`);
  return [`backup of the event log: ${file}`, ...lines, ""].join("\n");
}
