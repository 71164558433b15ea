import type { FastifyRequest } from "fastify";
import { apiKeyDigest } from "./authentication.ts";

/** How many hexadecimal digits of a key's digest name it. */
const KEY_ID_DIGITS = 12;

/** Who makes a request, by its key: `user:<id>`, `operator` or `auditor`; `anonymous` on a route that asks for none. */
export function actorOf({ user, staff }: Pick<FastifyRequest, "user" | "staff">): string {
  if (user !== null) return `user:${user.user_id}`;
  return staff ?? "anonymous";
}

/**
 * Names the key of a request without giving it away: the first 12 digits of its SHA-256, which tell a key from the one
 * before it; null without a key.
 */
export function keyIdOf({ headers }: Pick<FastifyRequest, "headers">): string | null {
  const key = headers["x-api-key"];
  return typeof key === "string" ? apiKeyDigest(key).slice(0, KEY_ID_DIGITS) : null;
}
