import { createHmac, timingSafeEqual } from "node:crypto";

const MAC_BYTES = 16;
/** The version of the cursor's format, part of its MAC. */
const FORM = "2";

/**
 * An opaque cursor: a place in a list, authenticated together with the list's `scope` (user and filter), so that it is
 * useless to another user or with another filter.
 *
 * @param place the values that the list is ordered by; must survive JSON
 * @param key authenticates cursors
 */
export function encodeCursor(place: unknown, scope: string, key: Uint8Array): string {
  const content = Buffer.from(JSON.stringify(place));
  return Buffer.concat([mac(content, scope, key), content]).toString("base64url");
}

/** The place in a cursor, or null if it is forged, damaged, or of another scope. */
export function decodeCursor(cursor: string, scope: string, key: Uint8Array): unknown {
  const bytes = Buffer.from(cursor, "base64url");
  // Node's decoder ignores characters that are not base64url, and the unused bits of the last one.
  if (bytes.toString("base64url") !== cursor) return null;
  const content = bytes.subarray(MAC_BYTES);
  const given = bytes.subarray(0, MAC_BYTES);
  if (given.length < MAC_BYTES || !timingSafeEqual(given, mac(content, scope, key))) return null;
  // The MAC covers the scope, so this is a place in that list.
  return JSON.parse(content.toString());
}

function mac(content: Buffer, scope: string, key: Uint8Array): Buffer {
  const hmac = createHmac("sha256", key).update(FORM).update("\0").update(scope).update("\0").update(content);
  return hmac.digest().subarray(0, MAC_BYTES);
}
