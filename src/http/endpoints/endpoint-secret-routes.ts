import type { FastifyInstance } from "fastify";
import { handleEndpointCommand } from "../../commands/handling/endpoint-command.ts";
import { decideRotateEndpointSecret } from "../../commands/rotate-endpoint-secret.ts";
import type { EndpointKeys } from "../../processes/sending/signing/endpoint-keys.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import { requireUser } from "../access/authentication.ts";
import { READ_YOUR_WRITES_MS } from "../dependencies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { sendJson } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { optionalBodyOf, validOrRefuse } from "../requests/request-body.ts";
import { expectedOf } from "./endpoint-tag.ts";
import { inEndpointTurn } from "./endpoint-turn.ts";
import { latestOwnEndpoint, ownEndpoint } from "./own-endpoint.ts";
import { parseRotateSecret } from "./schemas/rotate-secret-schema.ts";

/**
 * With what an endpoint's receiver verifies its deliveries, for its owner alone:
 *
 * - `GET /v1/endpoints/{id}/secret`: `{"secret":"whsec_…"}`; while the secret before it signs as well also
 *   `"previous_secret_expires_at"`, and with ed25519 switched on `"public_key":"whpk_…"`.
 * - `POST /v1/endpoints/{id}/secret/rotate` makes new keys and answers with them, always with the time at which the earlier
 *   secret ends: `overlap_seconds` (by default a day) from now. A secret before that one ends at once.
 *   With `If-Match` it answers 412 when the endpoint has another ETag, and the keys stay.
 */
export function endpointSecretRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { directory, vault, clock } = deps;
  const forUsers = { onRequest: requireUser(deps) };

  app.get("/v1/endpoints/:id/secret", forUsers, async (request, reply) => {
    const { endpoint_id, sealed_keys, previous_keys, ed25519 } = await latestOwnEndpoint(request, deps);
    const expiresAt = previous_keys?.expires_at ?? null;
    noteAct(request, "secret_shown", { endpoint: endpoint_id });
    const overlaps = expiresAt !== null && clock.now() < Date.parse(expiresAt);
    return sendJson(
      reply,
      200,
      secretReply(vault.keysOf(endpoint_id, sealed_keys), overlaps ? expiresAt : null, ed25519),
    );
  });

  app.post("/v1/endpoints/:id/secret/rotate", forUsers, async (request, reply) => {
    const { overlap_seconds: overlapSeconds } = validOrRefuse(parseRotateSecret(optionalBodyOf(request)));
    const { endpoint_id: endpointId, user_id } = await ownEndpoint(request, deps);
    const sealedKeys = vault.newKeys(endpointId);
    const command = { endpointId, ...expectedOf(request), sealedKeys, overlapSeconds, now: isoNow(clock) };
    const { events, state, position } = await inEndpointTurn(request, deps, endpointId, (log) =>
      handleEndpointCommand(log, decideRotateEndpointSecret, command, user_id, commandOf(request)),
    );
    noteAct(request, "secret_rotated", { endpoint: endpointId });
    await directory.whenSeen(position, READ_YOUR_WRITES_MS);
    const expiresAt = events[0]?.data.previousExpiresAt ?? null;
    return sendJson(reply, 200, secretReply(vault.keysOf(endpointId, sealedKeys), expiresAt, state?.ed25519 ?? false));
  });
}

function secretReply(keys: EndpointKeys, previousExpiresAt: string | null, ed25519: boolean): object {
  return {
    secret: keys.secretText,
    ...(previousExpiresAt !== null && { previous_secret_expires_at: previousExpiresAt }),
    ...(ed25519 && { public_key: keys.publicKeyText }),
  };
}
