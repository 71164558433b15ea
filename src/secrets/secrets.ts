import { hkdfSync, randomBytes, randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigurationError } from "../runtime/configuration-error.ts";
import { openPrivateFile } from "../runtime/private-file.ts";
import { syncFolder } from "../runtime/sync-folder.ts";
import { token } from "../runtime/token.ts";
import { UUID } from "../runtime/uuid.ts";

/** The token under which the container registers the secrets. */
export const SECRETS = token<Secrets>("Secrets");

/** Keys for one purpose each, all derived from MASTER_KEY (HKDF, RFC 5869), so that none reveals another. */
export interface DerivedSecrets {
  /** Names the streams of reservations. */
  readonly reservations: Uint8Array;
  /** Authenticates the cursors of lists. */
  readonly cursors: Uint8Array;
  /** The seed of the ed25519 key that signs tree heads. */
  readonly auditSigning: Uint8Array;
  /** Seals the secrets of endpoints: their keys and their headers. */
  readonly sealing: Uint8Array;
  /** The keys of endpoints that were registered before each had its own are derived from this. */
  readonly legacyEndpointKeys: Uint8Array;
}

/** The holders of the gateway's own keys: auditors read across users, operators also act. */
export type Staff = "auditor" | "operator";

/** Their API keys: UUIDs in lower case. */
export type StaffKeys = Readonly<Record<Staff, string>>;

/** All secrets of a gateway. */
export interface Secrets extends DerivedSecrets {
  readonly staffKeys: StaffKeys;
}

/** Derives the keys from 32 bytes in base64. */
export function deriveSecrets(masterKey: string): DerivedSecrets {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", Buffer.from(masterKey, "base64"), "", `webhook-gateway ${purpose}`, 32));
  return {
    reservations: derive("reservations"),
    cursors: derive("cursors"),
    auditSigning: derive("audit signing key"),
    sealing: derive("sealing"),
    legacyEndpointKeys: derive("endpoint keys"),
  };
}

const KEY_FILE = "master.key";
/** 32 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The master key in a data folder, in base64. At the first start it is created with mode 0600. `announce` gets the
 * place of a new key, never the key.
 *
 * @param begun whether the log already exists, so that only its earlier key will do
 * @throws ConfigurationError when that key is not in the folder: another would not work (see `refuseOtherKey`)
 */
export function masterKeyOf(dataDir: string, begun: boolean, announce: (what: string, place: string) => void): string {
  const keyFile = join(dataDir, KEY_FILE);
  const known = keyInFile(keyFile);
  if (known !== null) return known;
  if (begun) {
    throw new ConfigurationError(
      `MASTER_KEY: the log was begun with a key that is not in ${dataDir}; set MASTER_KEY to it`,
    );
  }
  const key = randomBytes(32).toString("base64");
  writeWhole(keyFile, key);
  announce("master key", keyFile);
  return key;
}

/**
 * The keys of auditors and operators: the configured ones, or those in the data folder, which are created at the first
 * start with mode 0600. `announce` gets the place of a new key, never the key.
 *
 * @throws ConfigurationError when a file does not hold a key
 */
export function staffKeysOf(
  dataDir: string,
  configured: Readonly<Record<Staff, string | null>>,
  announce: (what: string, place: string) => void,
): StaffKeys {
  const keyOf = (staff: Staff): string => {
    const own = configured[staff];
    if (own !== null) return own.toLowerCase();
    const file = join(dataDir, `${staff}.key`);
    if (!existsSync(file)) {
      const key = randomUUID();
      writeWhole(file, key);
      announce(`${staff}'s API key`, file);
      return key;
    }
    const key = readFileSync(file, "utf8").trim().toLowerCase();
    if (UUID.test(key)) return key;
    const name = `${staff.toUpperCase()}_API_KEY`;
    throw new ConfigurationError(
      `${name}: ${file} does not hold a UUID; write one into it, or remove it for a new one`,
    );
  };
  const keys = { auditor: keyOf("auditor"), operator: keyOf("operator") };
  if (keys.auditor === keys.operator) {
    throw new ConfigurationError("AUDITOR_API_KEY: it is the same as OPERATOR_API_KEY; give each a key of its own");
  }
  return keys;
}

/**
 * Refuses a master key that the log did not begin with: names would no longer be unique, and sealed texts could not be
 * opened.
 *
 * @param check that of the log's key, from `beginLog`
 * @throws ConfigurationError
 */
export function refuseOtherKey(masterKey: string, check: string): void {
  if (checkOf(masterKey) !== check) {
    throw new ConfigurationError("MASTER_KEY: it is not the key that the log was begun with; set the earlier key");
  }
}

/** The key in the file, or null if there is no file. */
function keyInFile(file: string): string | null {
  if (!existsSync(file)) return null;
  const key = readFileSync(file, "utf8").trim();
  // Anything else, even an empty file, would be used as a key that anyone could guess.
  if (KEY.test(key)) return key;
  throw new ConfigurationError(`MASTER_KEY: ${file} does not hold 32 bytes in base64; put the file back from its copy`);
}

/** A value that differs for each master key and reveals nothing about it. */
export function checkOf(key: string): string {
  return Buffer.from(hkdfSync("sha256", Buffer.from(key, "base64"), "", "webhook-gateway check", 16)).toString("hex");
}

/**
 * Writes and syncs the file before naming it, so that no crash leaves a partial one: a lost key cannot be recreated.
 */
function writeWhole(file: string, content: string): void {
  const unfinished = `${file}.unfinished`;
  rmSync(unfinished, { force: true });
  const handle = openPrivateFile(unfinished);
  try {
    writeSync(handle, `${content}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(unfinished, file);
  syncFolder(dirname(file));
}
