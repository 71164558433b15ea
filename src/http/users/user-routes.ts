import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { createUser } from "../../commands/create-user.ts";
import { endpoints, endpointsOfUser } from "../../projections/endpoints.ts";
import { collectionOf } from "../../projections/projection.ts";
import { users } from "../../projections/users.ts";
import type { UserDocument } from "../../projections/users.ts";
import { isoNow } from "../../runtime/clock.ts";
import { noteAct } from "../access/acts.ts";
import { apiKeyDigest, requireUser, userOf } from "../access/authentication.ts";
import { READ_YOUR_WRITES_MS } from "../dependencies.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { shortEndpoint } from "../endpoints/shown-endpoint.ts";
import { HttpError } from "../errors.ts";
import { sendJson } from "../replies/send-json.ts";
import { commandOf } from "../requests/command-of.ts";
import { bodyOf, validOrRefuse } from "../requests/request-body.ts";
import { lookUp, upToDate } from "../requests/up-to-date.ts";
import { storeOf } from "../server/request-deadline.ts";
import { emailKey, parseCreateUser } from "./create-user-schema.ts";

/** `POST /v1/users` makes a user and gives its key, this once; `GET /v1/users/me` says who a key belongs to. */
export function userRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, documents, directory, progress, secrets, clock } = deps;

  app.post("/v1/users", async (request, reply) => {
    const { username, email } = validOrRefuse(parseCreateUser(bodyOf(request).value));
    const apiKey = randomUUID();
    const { userId, appended } = await createUser(
      storeOf(request, store),
      {
        username,
        email,
        emailKey: email === null ? null : emailKey(email),
        apiKeyDigest: apiKeyDigest(apiKey),
        now: isoNow(clock),
      },
      secrets.reservations,
      commandOf(request),
      (key) => directory.hasUnicodeEmail(key),
    );
    noteAct(request, "user_created", { user: userId });
    await Promise.all([
      directory.whenSeen(appended.position, READ_YOUR_WRITES_MS),
      progress.whenSeen([users.name], appended.position, READ_YOUR_WRITES_MS),
    ]);
    return sendJson(reply, 201, { api_key: apiKey });
  });

  app.get("/v1/users/me", { onRequest: requireUser(deps) }, async (request, reply) => {
    const { user_id } = userOf(request);
    // The writes waited for their own models, so there is nothing to wait for but models that are being made.
    if (!progress.areLive([users.name, endpoints.name])) await upToDate(deps, [users.name, endpoints.name]);
    const load = async (): Promise<UserDocument | null> =>
      (await documents.load<UserDocument>(collectionOf(users), [String(user_id)]))[0] ?? null;
    const user = (await load()) ?? (await lookUp(deps, [users.name], load));
    if (user === null) throw new HttpError("user_not_found");
    const owned = await endpointsOfUser(documents, user_id);
    return sendJson(reply, 200, {
      id: user_id,
      username: user.username,
      email: user.email,
      endpoints: owned.map(shortEndpoint),
    });
  });
}
