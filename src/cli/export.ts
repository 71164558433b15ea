import { createReadStream, existsSync, lstatSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { positionOf } from "../events/store/position.ts";
import type { Position } from "../events/store/position.ts";
import { beginExport, exportLog, resumeExport } from "../processes/transfer/export-log.ts";
import type { ExportProgress } from "../processes/transfer/export-log.ts";
import { syncFolder } from "../runtime/sync-folder.ts";
import { openLogForReading } from "./log-access.ts";
import type { ReadLog } from "./log-access.ts";
import { orUnwritable, refuseWithoutFolder } from "./named-file.ts";
import { ProgressLine } from "./progress-line.ts";
import { standardOutput } from "./standard-output.ts";
import { UsageError } from "./subcommand.ts";
import { orReason, unlessStopped, untilSignal } from "./until-signal.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway export`: the log as a file. */
export function defineExport(command: Command): void {
  command
    .option("--output <FILE>", "where to; - or nothing is standard output")
    .option("--force", "replaces FILE where it is there already")
    .option("--after <POSITION>", "only what comes after this position of the log")
    .option("--resume", "goes on with FILE.unfinished, if it is there")
    .description(
      `It only reads, also beside a running gateway: then up to the end that the log
has when the export begins. The file gets its name when it is whole; until then
it is FILE.unfinished. It holds payloads: keep it as safe as the log.`,
    )
    .action(runExport);
}

interface ExportOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly after?: string;
  readonly resume?: boolean;
}

async function runExport({ output = "-", force = false, after: begin, resume = false }: ExportOptions): Promise<void> {
  const file = output === "-" ? null : resolve(output);
  if (resume && file === null) throw new UsageError("--resume needs --output FILE");
  if (force && file === null) throw new UsageError("--force needs --output FILE");
  const position = begin === undefined ? null : positionFrom(begin);
  if (file !== null) {
    refuseWithoutFolder(file);
    refuseTarget(file, force);
  }
  const after = file === null ? "what was written is not whole" : "run it again with --resume to go on";
  await untilSignal(after, async (signal) => {
    const opening = openLogForReading(readConfig(process.env), warn, "whole");
    await using log = await unlessStopped(signal, opening);
    if (file === null) {
      const write = standardOutput();
      // A reader that stalls must not hold it.
      const writeUnlessStopped = (bytes: Uint8Array): Promise<void> => unlessStopped(signal, write(bytes));
      await writeAll(log, await beginExport(log.store, position), writeUnlessStopped, signal);
      return;
    }
    const unfinished = `${file}.unfinished`;
    await exportToFile(log, unfinished, position, resume, signal).catch(orUnwritable(file));
    // It may have come meanwhile.
    refuseTarget(file, force);
    await rename(unfinished, file).catch(orUnwritable(file));
    syncFolder(dirname(file));
  });
}

/** Nothing that is there is lost, unless that is asked for; a folder or a device never. */
function refuseTarget(file: string, force: boolean): void {
  // A link that leads nowhere is something too.
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isFile() && !there.isSymbolicLink()) throw new Error(`${file} is not a file; name a new one`);
  if (!force) throw new Error(`${file} is there already; name a new file, or replace it with --force`);
}

async function exportToFile(
  log: ReadLog,
  unfinished: string,
  after: Position | null,
  resume: boolean,
  signal: AbortSignal,
): Promise<void> {
  const progress =
    resume && existsSync(unfinished)
      ? await resumeExport(log.store, after, createReadStream(unfinished, { signal })).catch(orReason(signal))
      : await beginExport(log.store, after);
  // Payloads are in it.
  const handle = await open(unfinished, progress.bytes === 0 ? "w" : "r+", 0o600);
  try {
    await handle.truncate(progress.bytes);
    let at = progress.bytes;
    const write = async (bytes: Uint8Array): Promise<void> => {
      at += await writeWhole(handle, bytes, at);
    };
    await writeAll(log, progress, write, signal);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(
  log: ReadLog,
  begun: ExportProgress,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const start = Number(begun.position ?? begun.header.after?.position ?? 0);
  const distance = Number(await log.store.head()) - start;
  const progress = new ProgressLine(process.stderr, "exporting");
  // Positions need not be evenly spread, but they are what there is to tell how far it is.
  const pieces = exportLog(log.store, begun, (events, position) =>
    progress.report(events, Math.min(1, (Number(position) - start) / distance)),
  );
  // One piece is written while the next one is read.
  let written = Promise.resolve();
  try {
    for (;;) {
      const piece = await unlessStopped(signal, pieces.next());
      await written;
      if (piece.done === true) {
        const { events, sha256, position } = piece.value;
        progress.end();
        warn(`exported ${events} events${position === null ? "" : ` up to position ${position}`}, sha256 ${sha256}`);
        return;
      }
      written = write(piece.value);
      // Its error is met at the next piece; until then nothing waits for it.
      written.catch(() => undefined);
    }
  } finally {
    // The file is closed after this, whatever the log threw.
    await written.catch(() => undefined);
    progress.end();
  }
}

/** A file may take less than it is given, as when a disk is nearly full. */
async function writeWhole(handle: FileHandle, bytes: Uint8Array, at: number): Promise<number> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
  }
  return bytes.length;
}

function positionFrom(text: string): Position {
  if (!/^\d{1,20}$/.test(text)) throw new UsageError("--after needs a position, a number of at most 20 digits");
  return positionOf(BigInt(text));
}
