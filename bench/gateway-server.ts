import "reflect-metadata";
import { randomUUID } from "node:crypto";
import pino from "pino";
import { built } from "./built.ts";

/** The gateway as `npm start` runs it, but that BENCH_DELIVER=0 makes no attempts. Says where it listens on one line. */
const { readConfig } = await built<typeof import("../src/config.ts")>("config");
const { openStorage } = await built<typeof import("../src/storage/open-storage.ts")>("storage/open-storage");
const { Gateway } = await built<typeof import("../src/gateway.ts")>("gateway");
const { openSecrets } = await built<typeof import("../src/storage/open-secrets.ts")>("storage/open-secrets");

const config = readConfig(process.env);
const logger = pino({ level: config.logLevel });
const fault = (error: Error): void => {
  throw error;
};
const nothing = (): void => undefined;
const reports = { fault, connection: nothing, waiting: nothing, unprefixedLog: nothing };
const storage = await openStorage(config, reports);
const commandId = randomUUID();
const occasion = { commandId, correlationId: commandId, actor: "bench", now: new Date().toISOString() };
const secrets = await openSecrets(config, storage.store, occasion, () => undefined);
const deliver = process.env["BENCH_DELIVER"] !== "0";
const gateway = await Gateway.start(config, storage, secrets, logger, { deliver });
const address = await gateway.app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ address })}\n`);
process.once("SIGTERM", () => void gateway.stop());
