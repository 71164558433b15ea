import { deliveries } from "./deliveries.ts";
import type { DeliveryDocument } from "./deliveries.ts";
import { collectionOf } from "./projection.ts";
import type { DocumentStore } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";
import type { PagesFrom } from "./store/pages.ts";

/** A delivery that failed for good. */
export type FailedDelivery = DeliveryDocument & { readonly failed_at: string };

/** Whose deliveries are meant: a user's, or those to an endpoint. */
export type DeliveriesOf = { readonly userId: number } | { readonly endpointId: number };

/** What failed for good, the last first, page by page: of all, of a user, or to an endpoint. */
export function failedDeliveries(
  store: DocumentStore,
  of: DeliveriesOf | null,
  from?: PagesFrom,
): AsyncGenerator<readonly FailedDelivery[]> {
  const order = { field: "failed_at", direction: "descending" } as const;
  return pagesOf<FailedDelivery>(
    store,
    collectionOf(deliveries),
    {
      ...(of !== null && { equals: "userId" in of ? { user_id: of.userId } : { endpoint_id: of.endpointId } }),
      order,
    },
    from,
  );
}
