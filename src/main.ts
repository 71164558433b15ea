#!/usr/bin/env node
import "reflect-metadata";
import { randomUUID } from "node:crypto";
import closeWithGrace from "close-with-grace";
import pino from "pino";
import type { Logger } from "pino";
import { ConfigurationError, readConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { DataDirectoryInUse, DataDirectoryUnusable } from "./events/sqlite/data-directory.ts";
import { Gateway } from "./gateway.ts";
import { Health } from "./health.ts";
import { openSecrets } from "./open-secrets.ts";
import { openStorage } from "./storage/open-storage.ts";
import type { LogReports } from "./storage/storage.ts";

/** At a signal: attempts under way get 20 s (see Gateway.stop), the rest of the time is for closing; then exit code 1. */
const SHUTDOWN_LIMIT_MS = 25_000;

async function serve(config: Config, logger: Logger): Promise<void> {
  const health = new Health();
  const storage = await openStorage(config, logger, logReports(health, logger));
  const commandId = randomUUID();
  const occasion = { commandId, correlationId: commandId, actor: "operator", now: new Date().toISOString() };
  const announce = (place: string): void => logger.warn({ place }, "made a master key: keep a copy of this file");
  const secrets = await openSecrets(config, storage.store, occasion, announce);
  const gateway = await Gateway.start(config, storage, secrets, logger, { health });
  closeWithGrace({ delay: SHUTDOWN_LIMIT_MS, logger }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, "the process ends because of an error that nobody handled");
    else logger.info({ signal }, "shutting down");
    await gateway.stop();
    logger.info("stopped");
    logger.flush();
  });
  const address = await gateway.app.listen({ host: config.host, port: config.port });
  logger.info({ address }, "ready");
}

/** The log's troubles, told to whoever asks for readiness and to whoever reads the program's own log. */
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
  };
}

/** What went wrong at the start, in one line for the person who started it. */
function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  if (error instanceof DataDirectoryInUse || error instanceof DataDirectoryUnusable) return error.message;
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "PORT: another program listens there; stop it or set another PORT";
  if (syscall === "listen" || syscall === "getaddrinfo") return `HOST, PORT: cannot listen there (${code ?? message})`;
  return message;
}

try {
  const config = readConfig(process.env);
  await serve(config, pino({ level: config.logLevel }));
} catch (error) {
  process.stderr.write(`webhook-gateway cannot start: ${explain(error)}\n`);
  process.exit(1);
}
