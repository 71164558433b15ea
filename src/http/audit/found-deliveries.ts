import { setImmediate as nextTurn } from "node:timers/promises";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import type { Position } from "../../events/store/position.ts";
import { findPositions } from "../../projections/audit-index/find-positions.ts";
import type { TermList } from "../../projections/audit-index/find-positions.ts";
import { ownerOfEndpoint } from "../../projections/audit-index/owner-of-endpoint.ts";
import { endpointTerm, referenceTerm, textIn, typeTerm, userTerm } from "../../projections/audit-index/terms.ts";
import { endpointsByUrl } from "../../projections/endpoints.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { usersByEmail, usersByUsername } from "../../projections/users.ts";
import { HttpError } from "../errors.ts";
import type { AuditDeliveriesQuery } from "./audit-deliveries-schema.ts";
import type { FoundIn } from "./found-events.ts";

/** A delivery that was found: its id, and the position of its request, by which the list is ordered. */
export interface FoundDelivery {
  readonly id: string;
  readonly position: Position;
}

const REQUESTED = "DeliveryRequested";
/** The most endpoints with one URL among whose deliveries is searched. */
const MAX_ENDPOINTS = 1_000;

/** Whose deliveries; null is everybody's. */
interface Whose {
  readonly users: ReadonlySet<number> | null;
  readonly endpoints: readonly number[] | null;
}

/**
 * The deliveries that match, newest first, at most `limit`, following the one whose request is at `after`.
 *
 * @throws HttpError 400 when a URL is that of too many endpoints to search among
 * @throws ReadModelsUnavailable, StoreUnavailable
 */
export async function foundDeliveries(
  { store, documents }: FoundIn,
  query: AuditDeliveriesQuery,
  limit: number,
  after: Position | null,
): Promise<readonly FoundDelivery[]> {
  const { reference, from, to } = query;
  const whose = await whoseOf(documents, query);
  if (whose.users?.size === 0 || whose.endpoints?.length === 0) return [];
  const all = termsOf(whose);
  const also = [[reference === null ? typeTerm(REQUESTED) : referenceTerm(reference)]];
  const matches = (event: RecordedEvent): boolean =>
    event.type === REQUESTED &&
    (reference === null || textIn(event, "reference") === reference) &&
    (from === null || event.recordedAt >= from) &&
    (to === null || event.recordedAt < to);
  const found: FoundDelivery[] = [];
  for await (const positions of findPositions(documents, { all, also, direction: "descending", after, from, to })) {
    for await (const event of store.readAt(positions)) {
      if (!matches(event)) continue;
      found.push({ id: event.stream.slice("delivery-".length), position: event.position });
      if (found.length === limit) return found;
    }
    await nextTurn();
  }
  return found;
}

/** All that belongs to an endpoint belongs to its user, which was compared. */
function termsOf({ users, endpoints }: Whose): readonly TermList[] {
  if (endpoints !== null) return [endpoints.map(endpointTerm)];
  return users === null ? [] : [[...users].map(userTerm)];
}

async function whoseOf(documents: DocumentStore, query: AuditDeliveriesQuery): Promise<Whose> {
  const { username, email, user_id, endpoint_id, url } = query;
  const named = [
    user_id === null ? null : [user_id],
    username === null ? null : (await usersByUsername(documents, username)).map((user) => user.user_id),
    email === null ? null : (await usersByEmail(documents, email)).map((user) => user.user_id),
  ].filter((ids) => ids !== null);
  const users = named.length === 0 ? null : new Set(named.reduce((some, ids) => some.filter((id) => ids.includes(id))));
  const isTheirs = (user: number | null): boolean => users === null || (user !== null && users.has(user));
  if (url === null) {
    if (endpoint_id === null) return { users, endpoints: null };
    const theirs = users === null || isTheirs(await ownerOfEndpoint(documents, endpoint_id));
    return { users, endpoints: theirs ? [endpoint_id] : [] };
  }
  const endpoints: number[] = [];
  for (let after: number | null = null; ;) {
    const page = await endpointsByUrl(documents, url, { after, limit: MAX_ENDPOINTS });
    for (const { endpoint_id: id, user_id: user } of page) {
      if (isTheirs(user) && (endpoint_id ?? id) === id) endpoints.push(id);
    }
    if (endpoints.length > MAX_ENDPOINTS) throw tooManyEndpoints();
    const last = page.at(-1);
    if (last === undefined || page.length < MAX_ENDPOINTS) return { users, endpoints };
    after = last.endpoint_id;
  }
}

function tooManyEndpoints(): HttpError {
  const errors = [`url is that of more than ${MAX_ENDPOINTS} endpoints: give a user or an endpoint_id as well`];
  return new HttpError("invalid_request", { errors });
}
