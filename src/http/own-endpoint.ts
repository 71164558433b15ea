import type { FastifyRequest } from "fastify";
import type { EndpointDocument } from "../projections/endpoints.ts";
import { userOf } from "./authentication.ts";
import type { HttpDependencies } from "./dependencies.ts";
import { HttpError } from "./errors.ts";

/**
 * The endpoint that a request's path names with `:id`, as the directory has it; the request must have passed `requireUser`.
 *
 * @throws HttpError 404 when nobody has it, or it was deleted; 403 when another user has it
 */
export async function ownEndpoint(
  request: FastifyRequest,
  { directory }: Pick<HttpDependencies, "directory">,
): Promise<EndpointDocument> {
  const { id } = request.params as { id: string };
  const endpointId = Number(id);
  if (!/^[1-9]\d*$/.test(id) || !Number.isSafeInteger(endpointId)) throw new HttpError("endpoint_not_found");
  const endpoint = await directory.endpoint(endpointId);
  if (endpoint === null || endpoint.status === "deleted") {
    throw new HttpError("endpoint_not_found", { error: `Endpoint with id ${endpointId} not found` });
  }
  if (endpoint.user_id !== userOf(request).user_id) throw new HttpError("endpoint_access_denied");
  return endpoint;
}
