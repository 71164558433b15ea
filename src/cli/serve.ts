import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import closeWithGrace from "close-with-grace";
import type { Command } from "commander";
import type { Logger } from "pino";
import { SETTINGS, changedSettings, readConfig } from "../config.ts";
import type { Gateway } from "../gateway.ts";
import { Health } from "../observability/health.ts";
import { Metrics } from "../observability/metrics.ts";
import { systemClock } from "../runtime/clock.ts";
import { StandstillWatch } from "../runtime/standstill.ts";
import { unknownVariables } from "../runtime/unknown-variables.ts";
import { mendLooseModes } from "../storage/loose-modes.ts";
import { UNPREFIXED_LOG } from "../storage/open-log.ts";
import { openSecrets } from "../storage/open-secrets.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { LogReports } from "../storage/storage.ts";
import { REVISION, VERSION } from "../version.ts";
import { guardExit } from "./exit-guard.ts";
import { openProgramLog } from "./program-log.ts";

/**
 * After SHUTDOWN_DELAY_SECONDS: attempts under way get 20 s (see Gateway.stop), the rest of the time is for closing; then exit
 * code 1. One second less than the 25 s that are promised, since an exit takes time too (see `guardExit`).
 */
const SHUTDOWN_LIMIT_MS = 24_000;

/** `webhook-gateway serve`: the gateway itself. */
export function defineServe(command: Command): void {
  command.action(serve);
}

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  // Loads while the storage opens. Neither the help of all commands nor a wrong setting needs the HTTP server.
  const loading = import("../gateway.ts");
  const metrics = new Metrics({ process: true });
  const { logger, flush } = openProgramLog(config.logLevel, metrics);
  warnOfUnknown(Object.keys(process.env), logger);
  const health = new Health();
  if (config.eventStoreUrl === null || config.mongodbUrl === null) warnOfLooseModes(config.dataDir, logger);
  const storage = await openStorage(config, logReports(health, logger));
  const commandId = randomUUID();
  const occasion = { commandId, correlationId: commandId, actor: "operator", now: new Date().toISOString() };
  const announce = (what: string, place: string): void =>
    logger.warn({ place }, `made the ${what}: keep a copy of this file`);
  const place = config.eventStoreUrl === null ? resolve(config.dataDir) : "EVENTSTORE_URL";
  const onBegun = (): void => logger.info({ place }, "began a new event log");
  const secrets = await openSecrets(config, storage.store, occasion, announce, onBegun);
  const { Gateway: RunningGateway } = await loading;
  let isReady = false;
  const standstills = new StandstillWatch(systemClock, (stoodMs) => {
    // A start may keep a busy machine from everything else for a second.
    if (isReady) logger.warn({ stood_ms: stoodMs }, "the process stood still");
  });
  const gateway = await RunningGateway.start(config, storage, secrets, logger, { health, metrics, standstills });
  const { shutdownDelayMs } = config;
  let hasStopped = false;
  process.once("exit", () => {
    if (!hasStopped) guardExit();
  });
  closeWithGrace({ delay: shutdownDelayMs + SHUTDOWN_LIMIT_MS, logger }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, "the process ends because of an unhandled error");
    else if (shutdownDelayMs > 0) {
      logger.info({ signal, delay_seconds: shutdownDelayMs / 1_000 }, "announcing the shutdown");
      await gateway.announceStop(shutdownDelayMs);
    }
    if (!err) logger.info({ signal }, "shutting down");
    await gateway.stop();
    logger.info("stopped");
    await flush();
    hasStopped = true;
  });
  const address = await listen(gateway, config);
  logger.info({ address, version: VERSION, revision: REVISION, settings: changedSettings(process.env) }, "ready");
  isReady = true;
}

/** A setting whose name was misspelt has no effect, and would be missed only when it is needed. Names, never values. */
function warnOfUnknown(names: readonly string[], logger: Logger): void {
  const settings = SETTINGS.map(({ variable }) => variable);
  for (const { variable, nearest } of unknownVariables(names, settings)) {
    logger.warn({ variable, nearest }, "an environment variable is no setting");
  }
}

function warnOfLooseModes(directory: string, logger: Logger): void {
  const { mended, left } = mendLooseModes(directory);
  if (mended.length > 0) logger.warn({ files: mended }, "others could read files of DATA_DIR: their mode is 0600 now");
  if (left.length > 0) logger.warn({ files: left }, "others can read DATA_DIR: take that right from them");
}

async function listen(gateway: Gateway, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await gateway.app.listen({ host, port });
  } catch (error) {
    throw new Error(explain(error as NodeJS.ErrnoException), { cause: error });
  }
}

/** Why it cannot listen, in one line for the person who started it. */
function explain({ code, message, syscall }: NodeJS.ErrnoException): string {
  if (code === "EADDRINUSE") return "PORT: another program listens there; stop it or set another PORT";
  if (syscall === "listen" || syscall === "getaddrinfo") return `HOST, PORT: cannot listen there (${code ?? message})`;
  return message;
}

/** The log's troubles, for `/readyz` and for the program's own log. */
function logReports(health: Health, logger: Logger): LogReports {
  return {
    fault: (err) => {
      health.degrade("event log", "it takes no events until a restart");
      logger.fatal({ err }, "the event log takes no events until a restart: mend what is wrong, then start again");
    },
    connection: (connected, reason) => {
      if (connected) {
        health.restore("event log's server");
        logger.info("the event log's server answers");
        return;
      }
      health.degrade("event log's server", "it cannot be reached");
      logger.error({ reason }, "the event log's server cannot be reached");
    },
    waiting: (reason, seconds) => logger.warn({ reason, seconds }, "waiting for the event log's server"),
    unprefixedLog: () => logger.warn(`a new log begins: ${UNPREFIXED_LOG}`),
  };
}
