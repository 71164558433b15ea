import type { LevelWithSilent, Logger } from "pino";
import { LogOutput } from "../observability/log-output.ts";
import { createLogger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { openOutput } from "../observability/output.ts";
import { systemClock } from "../runtime/clock.ts";

/** Not `process.stdout.fd`: Node would open a stream of its own there. */
const STANDARD_OUTPUT = 1;
/** How long a stop waits for lines that are not written yet, in ms. */
const FLUSH_LIMIT_MS = 1_000;

/** The program's own log. */
export interface ProgramLog {
  readonly logger: Logger;
  /** Resolves when the lines so far are written; after a second also when the output does not take them. */
  readonly flush: () => Promise<void>;
}

/** Opens the program's own log on standard output, from this level on. Lines that standard output does not take are counted. */
export function openProgramLog(level: LevelWithSilent, metrics: Metrics): ProgramLog {
  const output = new LogOutput({
    output: openOutput(STANDARD_OUTPUT),
    clock: systemClock,
    onDrop: () => metrics.logLineDropped(),
    onRecovery: (dropped) => logger.warn({ dropped }, "log lines were dropped"),
  });
  const logger = createLogger(level, output);
  process.once("exit", () => output.end(() => void process.kill(process.pid, "SIGKILL")));
  return { logger, flush: () => output.flush(FLUSH_LIMIT_MS) };
}
