import type { FastifyInstance } from "fastify";
import { emailKey } from "../../../events/email-key.ts";
import { endpoints, endpointsByUrl, endpointsPage } from "../../../projections/endpoints.ts";
import type { EndpointDocument } from "../../../projections/endpoints.ts";
import type { DocumentStore } from "../../../projections/store/document-store.ts";
import type { NumberedPage } from "../../../projections/store/pages.ts";
import { users, usersByEmail, usersByUsername, usersPage } from "../../../projections/users.ts";
import type { UserDocument } from "../../../projections/users.ts";
import { filtersOf, noteAct } from "../../access/acts.ts";
import { requireStaff } from "../../access/authentication.ts";
import type { HttpDependencies } from "../../dependencies.ts";
import { sendJson } from "../../replies/send-json.ts";
import { openPage } from "../../requests/list-page.ts";
import { parseStaffQuery, queryOf } from "../../requests/query.ts";
import { validOrRefuse } from "../../requests/request-body.ts";
import { refuseUnlessCurrent, upToDate } from "../../requests/up-to-date.ts";
import { auditEndpointsSchema, auditUsersSchema } from "./audit-lists-schema.ts";

/**
 * What an auditor has in hand is a name, an address or a URL: `GET /v1/audit/users` and `GET /v1/audit/endpoints` find the
 * numbers under which the log knows them. Each answer comes from an index.
 */
export function auditListRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { documents, secrets } = deps;
  const onRequest = requireStaff(deps, "auditor", "operator");

  app.get("/v1/audit/users", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseStaffQuery(auditUsersSchema, queryOf(request), ["limit"]));
    const { username, email, limit, cursor = null } = query;
    const scope = ["audit users", username ?? null, email ?? null];
    const page = openPage<number>({ limit, cursor }, scope, secrets.cursors);
    await seen([users.name]);
    const found = await usersWith(documents, { username, email }, { limit: page.wanted, after: page.after });
    noteAct(request, "users_read", { filters: filtersOf(request) });
    return sendJson(
      reply,
      200,
      page.reply(found, shownUser, ({ user_id }) => user_id),
    );
  });

  app.get("/v1/audit/endpoints", { onRequest }, async (request, reply) => {
    const query = validOrRefuse(parseStaffQuery(auditEndpointsSchema, queryOf(request), ["user_id", "limit"]));
    const { url, username, user_id, limit, cursor = null } = query;
    const scope = ["audit endpoints", url ?? null, username ?? null, user_id ?? null];
    const page = openPage<number>({ limit, cursor }, scope, secrets.cursors);
    await seen(username === undefined ? [endpoints.name] : [users.name, endpoints.name]);
    const found = await endpointsWith(
      documents,
      { url, username, userId: user_id },
      { limit: page.wanted, after: page.after },
    );
    noteAct(request, "endpoints_read", { filters: filtersOf(request) });
    return sendJson(
      reply,
      200,
      page.reply(found, shownEndpointOfAnyUser, ({ endpoint_id }) => endpoint_id),
    );
  });

  async function seen(names: readonly string[]): Promise<void> {
    await upToDate(deps, names);
    refuseUnlessCurrent(deps, names);
  }
}

interface UserFilter {
  readonly username: string | undefined;
  readonly email: string | undefined;
}

async function usersWith(store: DocumentStore, filter: UserFilter, page: NumberedPage): Promise<UserDocument[]> {
  const { username, email } = filter;
  if (username === undefined && email === undefined) return usersPage(store, page);
  const found =
    username === undefined ? await usersByEmail(store, email ?? "") : await usersByUsername(store, username);
  const key = email === undefined ? null : emailKey(email);
  return found
    .toSorted((a, b) => a.user_id - b.user_id)
    .filter(({ email_key, user_id }) => (key === null || email_key === key) && user_id > (page.after ?? 0))
    .slice(0, page.limit);
}

interface EndpointFilter {
  readonly url: string | undefined;
  readonly username: string | undefined;
  readonly userId: number | undefined;
}

async function endpointsWith(
  store: DocumentStore,
  { url, username, userId }: EndpointFilter,
  page: NumberedPage,
): Promise<EndpointDocument[]> {
  if (username === undefined && userId === undefined) {
    return url === undefined ? endpointsPage(store, {}, page) : endpointsByUrl(store, url, page);
  }
  // A username belongs to one user for good.
  const named = username === undefined ? userId : (await usersByUsername(store, username))[0]?.user_id;
  if (named === undefined || (userId !== undefined && named !== userId)) return [];
  return endpointsPage(store, { userId: named, ...(url !== undefined && { url }) }, page);
}

function shownUser({ user_id: id, username, email, created_at }: UserDocument): object {
  return { id, username, email, created_at };
}

/** Neither keys nor headers, not even sealed. */
function shownEndpointOfAnyUser(endpoint: EndpointDocument): object {
  const { endpoint_id: id, user_id, url, nickname, status, disabled_reason, created_at, updated_at } = endpoint;
  return { id, user_id, url, nickname, status, disabled_reason, created_at, updated_at };
}
