import { beginLog, masterKeyCheckOf } from "../commands/begin-log.ts";
import type { CommandContext } from "../commands/handling/command-context.ts";
import type { Config } from "../config.ts";
import type { EventStore } from "../events/store/event-store.ts";
import { signerOf } from "../processes/audit/tree-head.ts";
import { ConfigurationError } from "../runtime/configuration-error.ts";
import { checkOf, deriveSecrets, masterKeyOf, refuseOtherKey, staffKeysOf } from "../secrets/secrets.ts";
import type { Secrets } from "../secrets/secrets.ts";

/**
 * The secrets of this log, from the configured master key or from the one in the data folder, which is created for a
 * new log, and the staff keys. Every process that serves a log must have the master key that it began with.
 *
 * @param occasion the time (ISO 8601 UTC) and the command with which the log is taken into use
 * @param announce gets the kind of a new secret and its place, never the secret
 * @param onBegun called when this start began the log
 * @throws ConfigurationError in one line when the key is wrong or missing, and what the store throws
 */
export async function openSecrets(
  config: Pick<Config, "masterKey" | "dataDir" | "auditorApiKey" | "operatorApiKey">,
  store: EventStore,
  occasion: CommandContext & { readonly now: string },
  announce: (what: string, place: string) => void,
  onBegun?: () => void,
): Promise<Secrets> {
  const begun = (await masterKeyCheckOf(store)) !== null;
  const key = config.masterKey ?? masterKeyOf(config.dataDir, begun, announce);
  refuseOtherKey(key, await beginLog(store, { masterKeyCheck: checkOf(key), now: occasion.now }, occasion, onBegun));
  const configured = { auditor: config.auditorApiKey, operator: config.operatorApiKey };
  return { ...deriveSecrets(key), staffKeys: staffKeysOf(config.dataDir, configured, announce) };
}

/**
 * The public key with which this log's gateway signs tree heads. Creates nothing.
 *
 * @throws ConfigurationError in one line when there is no such log, or its master key is wrong or missing, and what the
 *   store throws
 */
export async function auditKeyOf(
  config: Pick<Config, "masterKey" | "dataDir">,
  store: Pick<EventStore, "read">,
): Promise<string> {
  const key = config.masterKey ?? masterKeyOf(config.dataDir, true, () => undefined);
  const check = await masterKeyCheckOf(store);
  const signer = await signerOf(store, deriveSecrets(key).auditSigning);
  if (check === null || signer === null)
    throw new ConfigurationError("no gateway has begun this log, so it has no signing key");
  refuseOtherKey(key, check);
  return signer.publicKey;
}
