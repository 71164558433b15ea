import { hkdfSync, randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "./config.ts";

/** The token under which the container registers the secrets. */
export const SECRETS = Symbol("Secrets");

/** Keys for one purpose each, all derived from MASTER_KEY (HKDF, RFC 5869), so that none gives another away. */
export interface Secrets {
  /** Names the streams of reservations. */
  readonly reservations: Uint8Array;
  /** Authenticates the cursors of lists. */
  readonly cursors: Uint8Array;
}

/** Derives the keys from 32 bytes in base64. */
export function deriveSecrets(masterKey: string): Secrets {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", Buffer.from(masterKey, "base64"), "", `webhook-gateway ${purpose}`, 32));
  return { reservations: derive("reservations"), cursors: derive("cursors") };
}

const KEY_FILE = "master.key";
const CHECK_FILE = "master.key.check";

/**
 * The master key of a data folder, base64: the configured one, or the one that the folder has; made at the first start
 * and kept with mode 0600. `announce` is told the place of a key that was made, never the key.
 *
 * @throws ConfigurationError when MASTER_KEY is not the key that this folder was begun with: names would no longer be
 *   unique, and what was sealed could not be opened
 */
export function masterKeyOf(dataDir: string, configured: string | null, announce: (place: string) => void): string {
  const keyFile = join(dataDir, KEY_FILE);
  let key = configured;
  if (key === null && existsSync(keyFile)) key = readFileSync(keyFile, "utf8").trim();
  if (key === null) {
    key = randomBytes(32).toString("base64");
    writeOnce(keyFile, key);
    announce(keyFile);
  }
  const check = Buffer.from(hkdfSync("sha256", Buffer.from(key, "base64"), "", "webhook-gateway check", 16)).toString(
    "hex",
  );
  const checkFile = join(dataDir, CHECK_FILE);
  if (!existsSync(checkFile)) writeOnce(checkFile, check);
  if (readFileSync(checkFile, "utf8").trim() !== check) {
    throw new ConfigurationError(
      `MASTER_KEY: it is not the key that ${dataDir} was begun with; set the earlier key, or another DATA_DIR`,
    );
  }
  return key;
}

/** Written and synced before it is used: a key that a crash took away could not be made again. */
function writeOnce(file: string, content: string): void {
  const handle = openSync(file, "wx", 0o600);
  try {
    writeSync(handle, `${content}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
