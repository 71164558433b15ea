import { hkdfSync, randomBytes, randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigurationError } from "../runtime/configuration-error.ts";
import { syncFolder } from "../runtime/sync-folder.ts";
import { token } from "../runtime/token.ts";
import { UUID } from "../runtime/uuid.ts";

/** The token under which the container registers the secrets. */
export const SECRETS = token<Secrets>("Secrets");

/** Keys for one purpose each, all derived from MASTER_KEY (HKDF, RFC 5869), so that none gives another away. */
export interface DerivedSecrets {
  /** Names the streams of reservations. */
  readonly reservations: Uint8Array;
  /** Authenticates the cursors of lists. */
  readonly cursors: Uint8Array;
  /** The seed of the ed25519 key that signs the audit tree's checkpoints. */
  readonly auditSigning: Uint8Array;
  /** Seals what is secret of endpoints: their keys and their headers. */
  readonly sealing: Uint8Array;
  /** The keys of endpoints follow from it that were registered before each got keys of its own. */
  readonly legacyEndpointKeys: Uint8Array;
}

/** Who has a key of the gateway's own: auditors read across users, operators also act. */
export type Staff = "auditor" | "operator";

/** Their API keys: UUIDs in lower case. */
export type StaffKeys = Readonly<Record<Staff, string>>;

/** What a gateway keeps to itself. */
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
 * The master key of a data folder, base64: the one that the folder has; made at the first start and kept with mode
 * 0600. `announce` gets the place of a key that was made, never the key.
 *
 * @param begun whether the log was begun before, so that its key can only be an earlier one
 * @throws ConfigurationError when the earlier key is not in the folder: another would not do (see `refuseOtherKey`)
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
 * The keys of auditors and operators: the configured ones, else those in the data folder, made at the first start and kept
 * with mode 0600. `announce` gets the place of a key that was made, never the key.
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
 * Refuses a key that is not the one that the log was begun with: names would no longer be unique, and what was sealed
 * could not be opened.
 *
 * @param check of the log's key, as `beginLog` gives it
 * @throws ConfigurationError
 */
export function refuseOtherKey(masterKey: string, check: string): void {
  if (checkOf(masterKey) !== check) {
    throw new ConfigurationError("MASTER_KEY: it is not the key that the log was begun with; set the earlier key");
  }
}

/** The key that the file holds, or null when there is no file. */
function keyInFile(file: string): string | null {
  if (!existsSync(file)) return null;
  const key = readFileSync(file, "utf8").trim();
  // Anything else would be taken for a key all the same, an empty file too, and everybody could guess it.
  if (KEY.test(key)) return key;
  throw new ConfigurationError(`MASTER_KEY: ${file} does not hold 32 bytes in base64; put the file back from its copy`);
}

/** Tells one master key from another and gives none away. */
export function checkOf(key: string): string {
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
  syncFolder(dirname(file));
}
