import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { registerEndpoint } from "../../commands/register-endpoint.ts";
import { endpoints } from "../../projections/endpoints.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import { requireUser, userOf } from "../authentication.ts";
import { READ_YOUR_WRITES_MS } from "../dependencies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { bodyOf, validOrRefuse } from "../request-body.ts";
import { parseRegisterEndpoint } from "../schemas/register-endpoint.ts";
import { sendJson } from "../send-json.ts";

const UNCHOSEN = { retrySchedule: null, maxConcurrency: null, ed25519: false } as const;

/** `POST /v1/endpoints` registers an address to deliver to. */
export function endpointRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, directory, progress, rules, secrets, clock } = deps;

  app.post("/v1/endpoints", { onRequest: requireUser(deps) }, async (request, reply) => {
    const { user_id } = userOf(request);
    const { url, nickname } = validOrRefuse(parseRegisterEndpoint(bodyOf(request).value, (it) => rules.judgeUrl(it)));
    const { endpointId, appended } = await registerEndpoint(
      store,
      { userId: user_id, url, nickname, ...UNCHOSEN, now: new Date(clock.now()).toISOString() },
      () => ({ sealedKeys: null, sealedHeaders: null }),
      secrets.reservations,
      { commandId: randomUUID(), correlationId: request.id, actor: `user:${user_id}` },
    );
    await Promise.all([
      directory.whenSeen(appended.position, READ_YOUR_WRITES_MS),
      progress.whenSeen([endpoints.name], appended.position, READ_YOUR_WRITES_MS),
    ]);
    return sendJson(reply, 201, endpointReply({ endpoint_id: endpointId, url, nickname, user_id }));
  });
}

/** An endpoint as the base contract shows it. */
export function endpointReply(
  endpoint: Pick<EndpointDocument, "endpoint_id" | "url" | "nickname" | "user_id">,
): object {
  const { endpoint_id, url, nickname, user_id } = endpoint;
  return { id: endpoint_id, url, nickname, user_id };
}
