import type { FastifyRequest } from "fastify";
import type { Position } from "../../events/store/position.ts";
import { endpoints } from "../../projections/endpoints.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import { userOf } from "../access/authentication.ts";
import { READ_YOUR_WRITES_MS } from "../dependencies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";

/**
 * The endpoint that a request's path names with `:id`, as the directory has it; the request must have passed `requireUser`.
 *
 * @throws HttpError 404 when it does not exist or was deleted, 403 when another user has it
 */
export async function ownEndpoint(
  request: FastifyRequest,
  deps: Pick<HttpDependencies, "directory">,
): Promise<EndpointDocument> {
  return endpointOfUser(endpointIdOf(request), userOf(request).user_id, deps);
}

/**
 * The endpoint's id that a request's path names with `:id`, whether or not there is one.
 *
 * @throws HttpError 404 when it is none
 */
export function endpointIdOf(request: FastifyRequest): number {
  const { id } = request.params as { id: string };
  const endpointId = Number(id);
  if (!/^[1-9]\d*$/.test(id) || !Number.isSafeInteger(endpointId)) throw new HttpError("endpoint_not_found");
  return endpointId;
}

/**
 * As `ownEndpoint`, with what was in the log when the request came: it may have been changed by another gateway a moment ago.
 *
 * @throws whatever the store throws besides
 */
export async function latestOwnEndpoint(
  request: FastifyRequest,
  deps: Pick<HttpDependencies, "store" | "directory">,
): Promise<EndpointDocument> {
  await logSeen(deps);
  return ownEndpoint(request, deps);
}

/**
 * Waits (at most 2 s) until the directory has seen what is in the log now.
 *
 * @throws whatever the store throws
 */
export async function logSeen({ store, directory }: Pick<HttpDependencies, "store" | "directory">): Promise<void> {
  await directory.whenSeen(await store.head(), READ_YOUR_WRITES_MS);
}

/** Waits (at most 2 s) until what shows and uses endpoints has seen this position, where a client's own change was written. */
export async function endpointSeen(
  position: Position | null,
  { directory, progress }: Pick<HttpDependencies, "directory" | "progress">,
): Promise<void> {
  await Promise.all([
    directory.whenSeen(position, READ_YOUR_WRITES_MS),
    progress.whenSeen([endpoints.name], position, READ_YOUR_WRITES_MS),
  ]);
}

/**
 * The endpoint with this id, as the directory has it.
 *
 * @throws HttpError 404 when it does not exist or was deleted, 403 when another user has it
 */
export async function endpointOfUser(
  endpointId: number,
  userId: number,
  { directory }: Pick<HttpDependencies, "directory">,
): Promise<EndpointDocument> {
  const endpoint = await directory.endpoint(endpointId);
  if (endpoint === null || endpoint.status === "deleted") throw endpointNotFound(endpointId);
  if (endpoint.user_id !== userId) throw new HttpError("endpoint_access_denied");
  return endpoint;
}

/** The error about an endpoint that does not exist, or was deleted; its text names the id. */
export function endpointNotFound(endpointId: number): HttpError {
  return new HttpError("endpoint_not_found", { error: `Endpoint with id ${endpointId} not found` });
}
