import { createHmac, timingSafeEqual } from "node:crypto";
import type { DeliveryPlace } from "../../projections/deliveries.ts";

const MAC_BYTES = 16;

/**
 * An opaque cursor: a place in a list, authenticated together with what the list was asked for (`scope`: user and
 * filter), so that it is worth nothing to somebody else or with another filter.
 */
export function encodeCursor(place: DeliveryPlace, scope: string, key: Uint8Array): string {
  const content = Buffer.from(JSON.stringify([place.createdAt, place.id]));
  return Buffer.concat([mac(content, scope, key), content]).toString("base64url");
}

/** The place behind a cursor, or null when it is forged, damaged, or of another scope. */
export function decodeCursor(cursor: string, scope: string, key: Uint8Array): DeliveryPlace | null {
  const bytes = Buffer.from(cursor, "base64url");
  // Node's decoder passes over what is no base64url, and over the bits that fill the last character.
  if (bytes.toString("base64url") !== cursor) return null;
  const content = bytes.subarray(MAC_BYTES);
  const given = bytes.subarray(0, MAC_BYTES);
  if (given.length < MAC_BYTES || !timingSafeEqual(given, mac(content, scope, key))) return null;
  // Authenticated, so it is what encodeCursor wrote.
  const [createdAt, id] = JSON.parse(content.toString()) as [string, string];
  return { createdAt, id };
}

function mac(content: Buffer, scope: string, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(scope).update("\0").update(content).digest().subarray(0, MAC_BYTES);
}
