import { createHmac, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The keys of one secret. */
export interface SignatureKeys {
  /** Of HMAC-SHA256. */
  readonly hmac: KeyObject;
  /** A private key; only asked for with `ed25519`. */
  readonly ed25519: KeyObject;
}

/** What is signed, and with what. */
export interface Signing {
  /** The same for every attempt of a delivery; without a full stop, which ends it in what is signed. */
  readonly deliveryId: string;
  /** Of this attempt, in whole unix seconds. */
  readonly timestampSeconds: number;
  /** Signed in UTF-8, as it is sent. */
  readonly body: string;
  /** The current keys, then those before a rotation while they still hold. */
  readonly keys: readonly SignatureKeys[];
  /** Whether to sign with ed25519 (`v1a`) besides HMAC (`v1`). */
  readonly ed25519: boolean;
}

/** The headers that tell a receiver which delivery this is, when it was sent, and that it comes from this gateway. */
export interface SignatureHeaders extends Readonly<Record<string, string>> {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/**
 * The headers of one attempt (Standard Webhooks 1.0.0, docs/reference/signatures.md): `{id}.{timestamp}.{body}` is signed
 * with each secret, the current one first. A receiver looks for one that fits; `v1` come first, since each knows them.
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
