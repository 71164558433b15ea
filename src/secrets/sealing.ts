import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

const CIPHER = "aes-256-gcm";
/** The version of the format. */
const PREFIX = "v1.";
/** A nonce of 96 bits and full tags, as NIST SP 800-38D recommends for GCM. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed text cannot be opened. The message reveals nothing of its content. */
export class SealBroken extends Error {
  readonly code = "seal_broken";

  constructor() {
    super("a sealed text cannot be opened: it was changed, or sealed for another owner or with another key");
    this.name = "SealBroken";
  }
}

/**
 * Seals secrets that must not be readable where they are stored (ADR 18): AES-256-GCM with a random nonce, and the
 * owner as additional data, so that a text sealed for one owner is refused for another. Two seals of the same bytes
 * differ.
 */
export class Sealer {
  readonly #key: KeyObject;
  readonly #random: (bytes: number) => Uint8Array;

  /**
   * @param key 32 bytes; with one key, at most 2^32 texts may be sealed (SP 800-38D, 8.3)
   * @param random returns that many unpredictable bytes, never the same again
   */
  constructor(key: Uint8Array, random: (bytes: number) => Uint8Array) {
    this.#key = createSecretKey(key);
    this.#random = random;
  }

  /** Seals `plaintext` as ASCII text for `owner`, which names whose it is and what for. */
  seal(plaintext: Uint8Array, owner: string): string {
    const nonce = this.#random(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return PREFIX + sealed.toString("base64url");
  }

  /**
   * Opens a text sealed for this owner.
   *
   * @throws SealBroken when it was sealed for another owner or with another key, was changed, or was never sealed
   */
  open(text: string, owner: string): Uint8Array {
    const sealed = bytesOf(text);
    const border = sealed.length - TAG_BYTES;
    if (border < NONCE_BYTES) throw new SealBroken();
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(sealed.subarray(border));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, border)), decipher.final()]);
    } catch {
      // No cause: a library's message about a secret must not be passed on.
      throw new SealBroken();
    }
  }
}

/** The bytes after the prefix. Node decodes several spellings of the same bytes; only ours is accepted. */
function bytesOf(text: string): Buffer {
  if (!text.startsWith(PREFIX)) throw new SealBroken();
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.toString("base64url") !== encoded) throw new SealBroken();
  return bytes;
}
