import { createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { ed25519PrivateKey, rawPublicKey } from "../../../secrets/ed25519.ts";

const HMAC_BYTES = 32;
const SEED_BYTES = 32;
/** How many random bytes the keys of an endpoint are made of. */
export const KEY_MATERIAL_BYTES = HMAC_BYTES + SEED_BYTES;

/** The keys that sign the deliveries to one endpoint, ready for use. Their texts are for their owner alone. */
export class EndpointKeys {
  /** Of HMAC-SHA256 (`v1`). */
  readonly hmac: KeyObject;
  readonly #seed: Uint8Array;
  #ed25519: KeyObject | null = null;

  /**
   * @param material 64 bytes: the HMAC key, then the seed of the ed25519 key
   * @throws RangeError when it has another length
   */
  constructor(material: Uint8Array) {
    if (material.length !== KEY_MATERIAL_BYTES) throw new RangeError("the keys of an endpoint are 64 bytes");
    this.hmac = createSecretKey(material.subarray(0, HMAC_BYTES));
    this.#seed = material.slice(HMAC_BYTES);
  }

  /** The private key of `v1a`; made when it is first asked for, since most endpoints do without. */
  get ed25519(): KeyObject {
    return (this.#ed25519 ??= ed25519PrivateKey(this.#seed));
  }

  /** `whsec_…`: the secret as receivers configure it (Standard Webhooks 1.0.0). */
  get secretText(): string {
    return `whsec_${this.hmac.export().toString("base64")}`;
  }

  /** `whpk_…`: the key with which receivers verify `v1a`; it can sign nothing. */
  get publicKeyText(): string {
    return `whpk_${rawPublicKey(this.ed25519).toString("base64")}`;
  }
}
