import { hash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { UserDocument } from "../../projections/users.ts";
import { UUID } from "../../runtime/uuid.ts";
import type { Staff, StaffKeys } from "../../secrets/secrets.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { inTime } from "../server/request-deadline.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who speaks; null on a route that asks for no key. Read it with `userOf`. */
    user: UserDocument | null;
    /** Whose key of the gateway's own it is; null for a client's. Read it with `staffOf`. */
    staff: Staff | null;
  }
}

/** What is stored of an API key: its SHA-256 in lower-case hex. A key is the same in upper and lower case. */
export function apiKeyDigest(apiKey: string): string {
  return hash("sha256", apiKey.toLowerCase(), "hex");
}

type Hook = (request: FastifyRequest) => Promise<void>;
type Keys = Pick<HttpDependencies, "directory" | "secrets" | "failedKeys" | "clock">;

/** A hook that lets only a user's key pass, and says who it is; 403 for an auditor's or operator's. */
export function requireUser(deps: Keys): Hook {
  return async (request) => {
    const digest = digestOfKey(request, deps);
    if (staffByDigest(digest, deps.secrets.staffKeys) !== null) throw new HttpError("key_not_permitted");
    request.user = deps.directory.knownUser(digest) ?? (await lateUser(request, digest, deps));
  };
}

/** A hook that lets only the keys of these pass, and says whose it is; 403 for any other key that is known. */
export function requireStaff(deps: Keys, ...allowed: readonly Staff[]): Hook {
  return async (request) => {
    const digest = digestOfKey(request, deps);
    const staff = staffByDigest(digest, deps.secrets.staffKeys);
    if (staff === null && deps.directory.knownUser(digest) === null) await lateUser(request, digest, deps);
    if (staff === null || !allowed.includes(staff)) throw new HttpError("key_not_permitted");
    request.staff = staff;
  };
}

/**
 * The digest of the key that a request brings. Keys are compared by their digests, so that the time it takes says nothing
 * about any key. A header that was sent twice arrives joined and is no UUID.
 */
function digestOfKey(request: FastifyRequest, { failedKeys }: Keys): string {
  const key = request.headers["x-api-key"];
  if (typeof key === "string" && UUID.test(key.toLowerCase())) return apiKeyDigest(key);
  // No key at all is no try.
  if (key !== undefined) failedKeys.count(request);
  throw new HttpError("invalid_api_key");
}

/**
 * The user of a key that the directory has not heard of: it may have been made on another instance a moment ago. It counts
 * as wrong while that is waited for, so that of many at once only as many wait as may.
 */
async function lateUser(
  request: FastifyRequest,
  digest: string,
  { directory, failedKeys, clock }: Keys,
): Promise<UserDocument> {
  failedKeys.count(request);
  const user = await inTime(request, clock, directory.userByKeyDigest(digest)).catch((error: unknown) => {
    failedKeys.forgive(request);
    throw error;
  });
  if (user === null) throw new HttpError("invalid_api_key");
  failedKeys.forgive(request);
  return user;
}

const staffDigests = new WeakMap<StaffKeys, ReadonlyMap<string, Staff>>();

function staffByDigest(digest: string, keys: StaffKeys): Staff | null {
  let byDigest = staffDigests.get(keys);
  if (byDigest === undefined) {
    byDigest = new Map(Object.entries(keys).map(([staff, key]) => [apiKeyDigest(key), staff as Staff]));
    staffDigests.set(keys, byDigest);
  }
  return byDigest.get(digest) ?? null;
}

/** The user of a request that passed `requireUser`. */
export function userOf(request: FastifyRequest): UserDocument {
  if (request.user === null) throw new Error("a route that needs a user does not ask for a key");
  return request.user;
}

/** Whose key a request has that passed `requireStaff`. */
export function staffOf(request: FastifyRequest): Staff {
  if (request.staff === null) throw new Error("a route for auditors or operators does not ask for their key");
  return request.staff;
}
