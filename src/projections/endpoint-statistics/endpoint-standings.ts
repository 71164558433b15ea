import { collectionOf } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { pagesOf } from "../store/pages.ts";
import type { EndpointStandingDocument, FailingEndpointDocument } from "./endpoint-standing.ts";
import { endpointStatistics } from "./endpoint-statistics.ts";

/** How many deliveries of this user, to all endpoints, have not ended. */
export async function pendingOfUser(store: DocumentStore, userId: number): Promise<number> {
  let pending = 0;
  for await (const page of standingsOfUser(store, userId)) for (const standing of page) pending += standing.pending;
  return pending;
}

/** The ids of this user's endpoints with deliveries that have not ended, ascending. */
export async function endpointsWithPending(store: DocumentStore, userId: number): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const page of standingsOfUser(store, userId)) {
    found.push(...page.filter(({ pending }) => pending > 0).map(({ standing_of }) => standing_of));
  }
  return found;
}

function standingsOfUser(store: DocumentStore, userId: number): AsyncGenerator<readonly EndpointStandingDocument[]> {
  const order = { field: "standing_of", direction: "ascending" } as const;
  return pagesOf(store, collectionOf(endpointStatistics), { equals: { user_id: userId }, order });
}

/** How many endpoints have at least so many failed attempts in a row. */
export function failingNow(store: DocumentStore, attempts: number): Promise<number> {
  return store.count(collectionOf(endpointStatistics), { field: "failures", from: attempts });
}

/** The place after which a page of standings begins. */
export interface FailuresPlace {
  readonly failures: number;
  readonly id: string;
}

/** The endpoints that had a delivery, those with the most failed attempts in a row first, at most `limit`, following `after`. */
export function endpointsByFailures(
  store: DocumentStore,
  limit: number,
  after: FailuresPlace | null,
): Promise<EndpointStandingDocument[]> {
  return store.find<EndpointStandingDocument>(collectionOf(endpointStatistics), {
    order: { field: "failures", direction: "descending" },
    ...(after !== null && { after: { value: after.failures, id: after.id } }),
    limit,
  });
}

/** The endpoints that have failed since before `before` (ISO 8601 UTC), longest first, page by page. */
export function failingEndpoints(
  store: DocumentStore,
  before: string,
): AsyncGenerator<readonly FailingEndpointDocument[]> {
  return pagesOf<FailingEndpointDocument>(store, collectionOf(endpointStatistics), {
    range: { field: "failing_since", to: before },
    order: { field: "failing_since", direction: "ascending" },
  });
}
