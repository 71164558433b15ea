import { createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { ed25519PrivateKey, rawPublicKey } from "../../../secrets/ed25519.ts";

const HMAC_BYTES = 32;
const SEED_BYTES = 32;
/** How many random bytes an endpoint's keys are made from. */
export const KEY_MATERIAL_BYTES = HMAC_BYTES + SEED_BYTES;

/** The keys that sign deliveries to one endpoint. Their texts are for the owner only. */
export class EndpointKeys {
  /** For HMAC-SHA256 (`v1`). */
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

  /** The private key for `v1a`; derived at first use, because most endpoints do not need it. */
  get ed25519(): KeyObject {
    return (this.#ed25519 ??= ed25519PrivateKey(this.#seed));
  }

  /** `whsec_…`: the secret as receivers configure it (Standard Webhooks 1.0.0). */
  get secretText(): string {
    return `whsec_${this.hmac.export().toString("base64")}`;
  }

  /** `whpk_…`: the key with which receivers verify `v1a`; it cannot sign. */
  get publicKeyText(): string {
    return `whpk_${rawPublicKey(this.ed25519).toString("base64")}`;
  }
}
