import { hash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Directory } from "../projections/directory.ts";
import type { UserDocument } from "../projections/users.ts";
import { HttpError } from "./errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who speaks; null on a route that asks for no key. Read it with `userOf`. */
    user: UserDocument | null;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What is stored of an API key: its SHA-256 in lower-case hex. A key is the same in upper and lower case. */
export function apiKeyDigest(apiKey: string): string {
  return hash("sha256", apiKey.toLowerCase(), "hex");
}

/**
 * A hook that lets only a user's key pass, and says who it is. The key is compared by looking up its digest, so the
 * time that takes says nothing about any key. A header that was sent twice arrives joined and is no UUID.
 */
export function requireUser(directory: Directory): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const key = request.headers["x-api-key"];
    if (typeof key !== "string" || !UUID.test(key.toLowerCase())) throw new HttpError("invalid_api_key");
    request.user = await directory.userByKeyDigest(apiKeyDigest(key));
    if (request.user === null) throw new HttpError("invalid_api_key");
  };
}

/** The user of a request that passed `requireUser`. */
export function userOf(request: FastifyRequest): UserDocument {
  if (request.user === null) throw new Error("a route that needs a user does not ask for a key");
  return request.user;
}
