import "reflect-metadata";
import pino from "pino";
import { built } from "./built.ts";

/** The gateway as `npm start` runs it, but that BENCH_DELIVER=0 makes no attempts. Says where it listens on one line. */
const { readConfig } = await built<typeof import("../src/config.ts")>("config");
const { openEmbeddedStorage } = await built<typeof import("../src/embedded-storage.ts")>("embedded-storage");
const { Gateway } = await built<typeof import("../src/gateway.ts")>("gateway");
const { deriveSecrets, masterKeyOf } = await built<typeof import("../src/secrets.ts")>("secrets");

const config = readConfig(process.env);
const logger = pino({ level: config.logLevel });
const storage = await openEmbeddedStorage(config.dataDir, logger, (error) => {
  throw error;
});
const secrets = deriveSecrets(masterKeyOf(storage.directory, config.masterKey, () => undefined));
const deliver = process.env["BENCH_DELIVER"] !== "0";
const gateway = await Gateway.start(config, storage, secrets, logger, { deliver });
const address = await gateway.app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ address })}\n`);
process.once("SIGTERM", () => void gateway.stop());
