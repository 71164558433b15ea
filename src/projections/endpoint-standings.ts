import type { DocumentStore } from "./document-store.ts";
import type { EndpointStandingDocument } from "./endpoint-standing.ts";
import { endpointStatistics } from "./endpoint-statistics.ts";
import { collectionOf } from "./projection.ts";

const PAGE = 500;

/** How many deliveries of this user, to all endpoints, have not ended. */
export async function pendingOfUser(store: DocumentStore, userId: number): Promise<number> {
  let pending = 0;
  let last: EndpointStandingDocument | undefined;
  for (;;) {
    const page: EndpointStandingDocument[] = await store.find<EndpointStandingDocument>(
      collectionOf(endpointStatistics),
      {
        equals: { user_id: userId },
        order: { field: "standing_of", direction: "ascending" },
        ...(last !== undefined && { after: { value: last.standing_of, id: last._id } }),
        limit: PAGE,
      },
    );
    for (const standing of page) pending += standing.pending;
    last = page.at(-1);
    if (page.length < PAGE) return pending;
  }
}

/** The endpoints that have failed since before `before` (ISO 8601 UTC), the longest first, page by page. */
export async function* failingEndpoints(
  store: DocumentStore,
  before: string,
): AsyncGenerator<readonly EndpointStandingDocument[]> {
  let last: EndpointStandingDocument | undefined;
  do {
    const page: EndpointStandingDocument[] = await store.find<EndpointStandingDocument>(
      collectionOf(endpointStatistics),
      {
        range: { field: "failing_since", to: before },
        order: { field: "failing_since", direction: "ascending" },
        ...(last !== undefined && { after: { value: last.failing_since ?? "", id: last._id } }),
        limit: PAGE,
      },
    );
    yield page;
    last = page.length < PAGE ? undefined : page.at(-1);
  } while (last !== undefined);
}
