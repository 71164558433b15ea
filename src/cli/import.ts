import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { checkExport } from "../processes/transfer/check-export.ts";
import { importLog } from "../processes/transfer/import-log.ts";
import { openLogForImport } from "./log-access.ts";
import { refuseUnreadable } from "./named-file.ts";
import { ProgressLine } from "./progress-line.ts";
import { orReason, untilSignal } from "./until-signal.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway import`: a log from a file. */
export function defineImport(command: Command): void {
  command
    .option("--input <FILE>", "where from; - or nothing is standard input")
    .description(
      `The log must be empty, or hold a beginning of the same export: an import that
was broken off goes on where it was. No gateway may run on it. A file is checked
to its end before anything is written; what comes from standard input is checked
as it comes. The gateway that then serves the log needs the MASTER_KEY that it
had before. Until an import is complete, no gateway starts on its log.`,
    )
    .action(runImport);
}

async function runImport({ input = "-" }: { readonly input?: string }): Promise<void> {
  await untilSignal("run the same command again to go on", (signal) => importFrom(input, signal));
}

async function importFrom(input: string, signal: AbortSignal): Promise<void> {
  const config = readConfig(process.env);
  const file = input === "-" ? null : input;
  if (file !== null) refuseUnreadable(file);
  const bytes = file === null ? null : (await stat(file)).size;
  const open = (): AsyncIterable<Uint8Array> =>
    // A source that nothing comes from would not look at the signal.
    addAbortSignal(signal, file === null ? process.stdin : createReadStream(file));
  if (file !== null) {
    await shown("checking", bytes, (report) => checkExport(open(), report)).catch(orReason(signal));
  }
  await using log = await openLogForImport(config, warn);
  // Also when it ends before the first event has come.
  if ((await log.store.head()) === null) await log.mark(true);
  let readingBack: ProgressLine | null = null;
  const { events, alreadyThere, sha256, unreadable } = await shown("importing", bytes, (report, end) =>
    importLog(log.store, open(), {
      inFlight: log.inFlight,
      signal,
      mark: log.mark,
      onProgress: report,
      onReadBack: (read, of) => {
        if (readingBack === null) end();
        readingBack ??= new ProgressLine(process.stderr, "reading back");
        readingBack.report(read, read / of);
        if (read === of) readingBack.end();
      },
    }),
  ).catch(orReason(signal));
  for (const line of unreadable) warn(`this version of the gateway would stop there: ${line}`);
  warn(`imported ${events} events (${alreadyThere} were there before), sha256 ${sha256}, the same when read back`);
}

type Report = (events: number, bytes: number) => void;

/** Shows how far a task is that reads so many bytes (null: unknown). */
async function shown<T>(
  doing: string,
  bytes: number | null,
  task: (report: Report, end: () => void) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine(process.stderr, doing);
  try {
    return await task(
      (events, read) => progress.report(events, bytes === null ? null : read / bytes),
      () => progress.end(),
    );
  } finally {
    progress.end();
  }
}
