import { hkdfSync, randomBytes } from "node:crypto";
import type { EndpointHeaders } from "../../../events/endpoint-headers.ts";
import { boundedMap } from "../../../runtime/bounded-map.ts";
import type { BoundedMap } from "../../../runtime/bounded-map.ts";
import { SealBroken, Sealer } from "../../../secrets/sealing.ts";
import { EndpointKeys, KEY_MATERIAL_BYTES } from "./endpoint-keys.ts";
import { token } from "../../../runtime/token.ts";

/** The token under which the container registers the vault. */
export const ENDPOINT_VAULT = token<EndpointVault>("EndpointVault");

/** The vault's key for sealing and its input for legacy keys (`Secrets` has both). */
export interface VaultSecrets {
  /** 32 bytes. */
  readonly sealing: Uint8Array;
  /** 32 bytes, from which the keys of endpoints are derived that were registered before keys were sealed. */
  readonly legacyEndpointKeys: Uint8Array;
}

/**
 * How many endpoints' keys, and how many endpoints' headers, are kept open (least recently used first out): a few MB.
 */
const MAX_OPEN = 10_000;

/** An endpoint's keys, from its read model. */
export interface SignedEndpoint {
  readonly endpoint_id: number;
  readonly sealed_keys: string | null;
  readonly previous_keys: { readonly sealed_keys: string | null; readonly expires_at: string } | null;
}

/**
 * Holds the secrets of endpoints: creates and opens the keys that sign their deliveries, and seals the headers that
 * their owners chose. The log and the read models contain only sealed texts (ADR 18). Opened secrets are cached, so
 * that attempts do not wait.
 *
 * - `newKeys(endpointId)`: the `sealedKeys` of EndpointRegistered and EndpointSecretRotated.
 * - `keysOf(endpointId, sealedKeys)`: `EndpointKeys`, with `secretText` and `publicKeyText` for the owner.
 * - `signingKeys(endpoint, now)`: the keys with which `signatureHeaders` signs an attempt.
 * - `sealHeaders(endpointId, headers)` and `openHeaders(endpointId, sealedHeaders)`.
 */
export class EndpointVault {
  readonly #sealer: Sealer;
  readonly #legacy: Uint8Array;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #keys: BoundedMap<string, EndpointKeys>;
  readonly #headers: BoundedMap<string, EndpointHeaders>;

  /** @param random returns that many unpredictable bytes */
  constructor(
    secrets: VaultSecrets,
    random: (bytes: number) => Uint8Array = (bytes) => randomBytes(bytes),
    maxOpen = MAX_OPEN,
  ) {
    this.#sealer = new Sealer(secrets.sealing, random);
    this.#legacy = secrets.legacyEndpointKeys;
    this.#random = random;
    this.#keys = boundedMap(maxOpen);
    this.#headers = boundedMap(maxOpen);
  }

  /** New keys for this endpoint, sealed. */
  newKeys(endpointId: number): string {
    return this.#sealer.seal(this.#random(KEY_MATERIAL_BYTES), keysOwner(endpointId));
  }

  /**
   * The keys of this endpoint.
   *
   * @param sealedKeys null: it never had its own, so they are derived from the master key and its number
   * @throws SealBroken when they belong to another endpoint, or were not sealed by this gateway
   */
  keysOf(endpointId: number, sealedKeys: string | null): EndpointKeys {
    return remembered(this.#keys, endpointId, sealedKeys ?? "", () => {
      if (sealedKeys === null) return new EndpointKeys(this.#derived(endpointId));
      const material = this.#sealer.open(sealedKeys, keysOwner(endpointId));
      if (material.length !== KEY_MATERIAL_BYTES) throw new SealBroken();
      return new EndpointKeys(material);
    });
  }

  /**
   * The keys that sign an attempt: the endpoint's own, and after a rotation the earlier ones until they expire.
   *
   * @param now unix time in ms
   * @throws SealBroken as `keysOf` does
   */
  signingKeys(endpoint: SignedEndpoint, now: number): readonly EndpointKeys[] {
    const { endpoint_id: id, sealed_keys, previous_keys: previous } = endpoint;
    const current = this.keysOf(id, sealed_keys);
    if (previous === null || now >= Date.parse(previous.expires_at)) return [current];
    return [current, this.keysOf(id, previous.sealed_keys)];
  }

  /** The headers, sealed for this endpoint. */
  sealHeaders(endpointId: number, headers: EndpointHeaders): string {
    return this.#sealer.seal(Buffer.from(JSON.stringify(headers)), headersOwner(endpointId));
  }

  /**
   * The headers given to `sealHeaders`; none for null.
   *
   * @throws SealBroken when they belong to another endpoint, or were not sealed by this gateway
   */
  openHeaders(endpointId: number, sealedHeaders: string | null): EndpointHeaders {
    if (sealedHeaders === null) return {};
    return remembered(this.#headers, endpointId, sealedHeaders, () =>
      readHeaders(Buffer.from(this.#sealer.open(sealedHeaders, headersOwner(endpointId))).toString()),
    );
  }

  #derived(endpointId: number): Uint8Array {
    const info = `endpoint-${endpointId}`;
    return new Uint8Array(hkdfSync("sha256", this.#legacy, "", info, KEY_MATERIAL_BYTES));
  }
}

/** Separate owners, so that keys cannot be passed off as headers or the other way round. */
const keysOwner = (endpointId: number): string => `endpoint-${endpointId} keys`;
const headersOwner = (endpointId: number): string => `endpoint-${endpointId} headers`;

function readHeaders(json: string): EndpointHeaders {
  const value: unknown = JSON.parse(json);
  // Anything else was never sealed as headers.
  if (typeof value !== "object" || value === null) throw new SealBroken();
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

/** What was opened before, or is opened now. Keyed by endpoint and sealed text, so that no endpoint gets another's. */
function remembered<T extends object>(
  opened: BoundedMap<string, T>,
  endpointId: number,
  sealed: string,
  open: () => T,
): T {
  const key = `${endpointId} ${sealed}`;
  const found = opened.get(key);
  if (found !== undefined) return found;
  const value = open();
  opened.set(key, value);
  return value;
}
