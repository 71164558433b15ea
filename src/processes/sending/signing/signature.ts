import { createHmac, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The keys of one secret. */
export interface SignatureKeys {
  /** For HMAC-SHA256. */
  readonly hmac: KeyObject;
  /** A private key; read only with `ed25519`. */
  readonly ed25519: KeyObject;
}

/** The content to sign, and the keys. */
export interface Signing {
  /** The same for every attempt of a delivery. It has no full stop, because that ends it in the signed content. */
  readonly deliveryId: string;
  /** That of this attempt, in whole unix seconds. */
  readonly timestampSeconds: number;
  /** Signed in UTF-8, as it is sent. */
  readonly body: string;
  /** The current keys, then those from before a rotation that are still valid. */
  readonly keys: readonly SignatureKeys[];
  /** Whether to sign with ed25519 (`v1a`) in addition to HMAC (`v1`). */
  readonly ed25519: boolean;
}

/** The headers by which a receiver identifies the delivery, its time, and this gateway. */
export interface SignatureHeaders extends Readonly<Record<string, string>> {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/**
 * The headers of one attempt (Standard Webhooks 1.0.0, docs/reference/signatures.md). They sign
 * `{id}.{timestamp}.{body}` with each secret, the current one first. A receiver looks for a matching signature; `v1`
 * come first, because every receiver knows them.
 */
export function signatureHeaders({ deliveryId, timestampSeconds, body, keys, ed25519 }: Signing): SignatureHeaders {
  const head = `${deliveryId}.${timestampSeconds}.`;
  const signatures = keys.map(
    ({ hmac }) => `v1,${createHmac("sha256", hmac).update(head).update(body).digest("base64")}`,
  );
  if (ed25519) {
    const content = Buffer.from(head + body);
    for (const key of keys) signatures.push(`v1a,${sign(null, content, key.ed25519).toString("base64")}`);
  }
  return {
    "webhook-id": deliveryId,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": signatures.join(" "),
  };
}
