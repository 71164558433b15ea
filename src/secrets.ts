import { hkdfSync, randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
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
/** 32 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The master key of a data folder, base64: the configured one, or the one that the folder has; made at the first start
 * and kept with mode 0600. `announce` is told the place of a key that was made, never the key.
 *
 * @throws ConfigurationError when the key is not the one that this folder was begun with, or cannot be found again:
 *   names would no longer be unique, and what was sealed could not be opened
 */
export function masterKeyOf(dataDir: string, configured: string | null, announce: (place: string) => void): string {
  const keyFile = join(dataDir, KEY_FILE);
  const checkFile = join(dataDir, CHECK_FILE);
  const begun = existsSync(checkFile);
  let key = configured ?? keyInFile(keyFile);
  if (key === null) {
    if (begun) {
      throw new ConfigurationError(
        `MASTER_KEY: ${dataDir} was begun with a key that is not in it; set MASTER_KEY to it`,
      );
    }
    key = randomBytes(32).toString("base64");
    writeWhole(keyFile, key);
    announce(keyFile);
  }
  const check = checkOf(key);
  if (!begun) writeWhole(checkFile, check);
  if (readFileSync(checkFile, "utf8").trim() !== check) {
    throw new ConfigurationError(
      `MASTER_KEY: it is not the key that ${dataDir} was begun with; set the earlier key, or another DATA_DIR`,
    );
  }
  return key;
}

/** The key that the file holds, or null when there is no file. */
function keyInFile(file: string): string | null {
  if (!existsSync(file)) return null;
  const key = readFileSync(file, "utf8").trim();
  // Anything else would be taken for a key all the same, an empty file too, and everybody could guess it.
  if (KEY.test(key)) return key;
  throw new ConfigurationError(`MASTER_KEY: ${file} does not hold 32 bytes in base64; put the file back from its copy`);
}

/** Tells one key from another and gives none away. */
function checkOf(key: string): string {
  return Buffer.from(hkdfSync("sha256", Buffer.from(key, "base64"), "", "webhook-gateway check", 16)).toString("hex");
}

/** Written and synced before it has its name, so that no crash leaves a part of it; a key could not be made again. */
function writeWhole(file: string, content: string): void {
  const unfinished = `${file}.unfinished`;
  rmSync(unfinished, { force: true });
  const handle = openSync(unfinished, "wx", 0o600);
  try {
    writeSync(handle, `${content}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(unfinished, file);
  // The name has to outlive a power cut as well. Windows cannot sync a folder.
  if (process.platform === "win32") return;
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
}
