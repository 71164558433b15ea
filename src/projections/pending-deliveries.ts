import { deliveries } from "./deliveries.ts";
import type { DeliveryDocument } from "./deliveries.ts";
import { collectionOf } from "./projection.ts";
import type { DocumentStore } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";
import type { PagesFrom } from "./store/pages.ts";

/** This user's deliveries that have not ended, oldest first, page by page. */
export function pendingDeliveriesOfUser(
  store: DocumentStore,
  userId: number,
  from?: PagesFrom,
): AsyncGenerator<readonly DeliveryDocument[]> {
  const order = { field: "created_at", direction: "ascending" } as const;
  const equals = { user_id: userId, status: "PENDING" };
  return pagesOf<DeliveryDocument>(store, collectionOf(deliveries), { equals, order }, from);
}
