import type { FastifyReply } from "fastify";
import { shownSettings } from "../../events/chosen-settings.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import { snakeCase } from "../../projections/snake-case.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { endpointTag } from "./endpoint-tag.ts";

/** The short form of an endpoint (docs/reference/http-api.md). */
export function shortEndpoint(
  endpoint: Pick<EndpointDocument, "endpoint_id" | "url" | "nickname" | "user_id">,
): object {
  const { endpoint_id, url, nickname, user_id } = endpoint;
  return { id: endpoint_id, url, nickname, user_id };
}

/**
 * An endpoint with all that its owner may change, for its owner alone: its headers may be credentials. What was left to the
 * gateway is shown as it is now.
 *
 * @throws SealBroken when its headers were sealed with another master key
 */
export function shownEndpoint(
  endpoint: EndpointDocument,
  { vault, settings }: Pick<HttpDependencies, "vault" | "settings">,
): object {
  const { endpoint_id: id, status, disabled_reason, created_at, updated_at } = endpoint;
  return {
    ...shortEndpoint(endpoint),
    status,
    disabled_reason,
    ...shownSettings(
      (key) => endpoint[snakeCase(key)],
      settings,
      (sealed) => vault.openHeaders(id, sealed),
    ),
    created_at,
    updated_at,
  };
}

/**
 * Replies 200 with an endpoint as its owner sees it, and its ETag.
 *
 * @throws as `shownEndpoint`
 */
export function sendEndpoint(
  reply: FastifyReply,
  endpoint: EndpointDocument,
  deps: Pick<HttpDependencies, "vault" | "settings">,
): FastifyReply {
  const shown = shownEndpoint(endpoint, deps);
  // It was answered meanwhile, for want of time.
  if (!reply.sent) reply.header("etag", endpointTag(endpoint));
  return sendJson(reply, 200, shown);
}
