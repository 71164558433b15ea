import type { KnownEvent } from "../events/catalogue.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import { fieldsOf } from "./snake-case.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";

export interface HeldDocument extends StoredDocument {
  readonly endpoint_id: number;
}

/**
 * What waits for its endpoint to be enabled, or for a pause to end. It costs nothing where nothing is held: no other event touches it. Like the
 * to-do list, it may show a delivery again for a moment; the process that takes it from here reads its stream first.
 */
export const heldDeliveries: Projection<HeldDocument> = {
  name: "held-deliveries",
  version: 1,
  categories: ["delivery"],
  indexes: [["endpoint_id"]],

  documentId(event) {
    switch (event.type) {
      case "DeliveryHeld":
      case "DeliveryReleased":
      case "DeliveryCanceled":
      case "DeliveryFailed":
        return event.data.deliveryId;
      default:
        return null;
    }
  },

  evolve(_document: Content<HeldDocument> | null, event: KnownEvent) {
    return event.type === "DeliveryHeld" ? fieldsOf(event.data, "endpointId") : null;
  },
};

/** How many deliveries are held, of all endpoints. */
export function heldNow(store: DocumentStore): Promise<number> {
  return store.count(collectionOf(heldDeliveries), { field: "endpoint_id" });
}

/** The next endpoint with held deliveries, by ascending id, following `after`; null when there is none. */
export async function nextEndpointWithHeld(store: DocumentStore, after: number | null): Promise<number | null> {
  const [first] = await store.find<HeldDocument>(collectionOf(heldDeliveries), {
    ...(after !== null && { range: { field: "endpoint_id", from: after + 1 } }),
    order: { field: "endpoint_id", direction: "ascending" },
    limit: 1,
  });
  return first?.endpoint_id ?? null;
}

/** What is held of this endpoint, oldest id first, page by page. */
export function heldOfEndpoint(store: DocumentStore, endpointId: number): AsyncGenerator<readonly HeldDocument[]> {
  return pagesOf<HeldDocument>(store, collectionOf(heldDeliveries), {
    equals: { endpoint_id: endpointId },
    order: { field: "endpoint_id", direction: "ascending" },
  });
}
