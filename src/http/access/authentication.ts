import { hash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { UserDocument } from "../../projections/users.ts";
import { uuidOf } from "../../runtime/uuid.ts";
import type { Staff, StaffKeys } from "../../secrets/secrets.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { inTime } from "../server/request-deadline.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The user of the key; null on a route that asks for none. Read it with `userOf`. */
    user: UserDocument | null;
    /** The staff role of the key; null for a client's key. Read it with `staffOf`. */
    staff: Staff | null;
  }
}

/** The stored form of an API key: its SHA-256 in lower-case hex. Keys are not case-sensitive. */
export function apiKeyDigest(apiKey: string): string {
  return hash("sha256", apiKey.toLowerCase(), "hex");
}

type Hook = (request: FastifyRequest) => Promise<void>;
type Keys = Pick<HttpDependencies, "directory" | "secrets" | "failedKeys" | "clock">;

/** A hook that accepts only a user's key and sets the user; 403 for a staff key. */
export function requireUser(deps: Keys): Hook {
  return async (request) => {
    const digest = digestOfKey(request, deps);
    if (staffByDigest(digest, deps.secrets.staffKeys) !== null) throw new HttpError("key_not_permitted");
    request.user = deps.directory.knownUser(digest) ?? (await lateUser(request, digest, deps));
  };
}

/** A hook that accepts only keys of the `allowed` staff and sets their role; 403 for any other known key. */
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
 * The digest of the request's key. Keys are compared by digest, so timing reveals nothing about any key. A header that
 * was sent twice arrives joined and is not a UUID.
 */
function digestOfKey(request: FastifyRequest, { failedKeys }: Keys): string {
  const key = request.headers["x-api-key"];
  if (typeof key === "string" && uuidOf(key) !== null) return apiKeyDigest(key);
  // A request without a key is not a guess.
  if (key !== undefined) failedKeys.count(request);
  throw new HttpError("invalid_api_key");
}

/**
 * The user of a key that the directory does not know: another instance may have just created it. It counts as wrong
 * while waiting, which limits how many such requests wait at once.
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
  if (request.user === null) throw new Error("this route needs requireUser");
  return request.user;
}

/** The staff role of a request that passed `requireStaff`. */
export function staffOf(request: FastifyRequest): Staff {
  if (request.staff === null) throw new Error("this route needs requireStaff");
  return request.staff;
}
