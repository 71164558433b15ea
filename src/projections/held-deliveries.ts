import type { KnownEvent } from "../events/catalogue.ts";
import type { HoldReason } from "../events/delivery-terms.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";
import type { PagesFrom } from "./store/pages.ts";

export interface HeldDocument extends StoredDocument {
  readonly endpoint_id: number;
  /** Since when, ISO 8601 UTC. */
  readonly since: string;
  readonly reason: HoldReason;
}

/**
 * What waits for its endpoint to be enabled, or for a pause to end. It costs nothing where nothing is held: no other event touches it. Like the
 * to-do list, it may show a delivery again for a moment; the process that takes it from here reads its stream first.
 */
export const heldDeliveries: Projection<HeldDocument> = {
  name: "held-deliveries",
  version: 2,
  categories: ["delivery"],
  indexes: [["endpoint_id"], ["since"], ["endpoint_id", "since"]],

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
    if (event.type !== "DeliveryHeld") return null;
    const { endpointId, reason, heldAt } = event.data;
    return { endpoint_id: endpointId, since: heldAt, reason };
  },
};

/** How many deliveries are held, of all endpoints. */
export function heldNow(store: DocumentStore): Promise<number> {
  return store.count(collectionOf(heldDeliveries), { field: "endpoint_id" });
}

/** What is held, of one endpoint or of all (null), the longest first, page by page. */
export function heldByTime(
  store: DocumentStore,
  endpointId: number | null,
  from?: PagesFrom,
): AsyncGenerator<readonly HeldDocument[]> {
  const order = { field: "since", direction: "ascending" } as const;
  const equals = endpointId === null ? {} : { endpoint_id: endpointId };
  return pagesOf<HeldDocument>(store, collectionOf(heldDeliveries), { equals, order }, from);
}

/** Those of these deliveries that are held, by their ids. */
export async function heldOf(
  store: DocumentStore,
  deliveryIds: readonly string[],
): Promise<ReadonlyMap<string, HeldDocument>> {
  const found = await store.load<HeldDocument>(collectionOf(heldDeliveries), deliveryIds);
  return new Map(found.map((document) => [document._id, document]));
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
