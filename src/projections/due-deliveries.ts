import type { KnownEvent } from "../events/catalogue.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import { fieldsOf } from "./snake-case.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";

export interface DueDocument extends StoredDocument {
  readonly endpoint_id: number;
  /** When something is to be done for the delivery; ISO 8601 UTC. */
  readonly due_at: string;
}

/**
 * The to-do list: one document per delivery that is due at some time. One that ended, or is held, is removed; when an older event of
 * it is folded again after that, it comes back for a moment, which is harmless: the process that takes it from here reads its
 * stream before doing anything.
 */
export const dueDeliveries: Projection<DueDocument> = {
  name: "due-deliveries",
  version: 1,
  categories: ["delivery"],
  indexes: [["due_at"]],

  documentId: (event) => ("deliveryId" in event.data ? event.data.deliveryId : null),

  evolve(document: Content<DueDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "DeliveryRequested":
        return { ...fieldsOf(event.data, "endpointId"), due_at: event.data.requestedAt };
      case "DeliveryAttemptStarted":
        return document && { ...document, due_at: event.data.leaseUntil };
      case "DeliveryAttemptReleased":
        return document && { ...document, due_at: event.data.releasedAt };
      case "DeliveryAttempted":
        return document && event.data.nextAttemptAt !== null ? { ...document, due_at: event.data.nextAttemptAt } : null;
      // It comes back when it is released, with the endpoint that it was requested for.
      case "DeliveryReleased":
        return fieldsOf(event.data, "endpointId", "dueAt");
      case "DeliveryFailed":
      case "DeliveryCanceled":
      case "DeliveryHeld":
        return null;
      default:
        return document;
    }
  },
};

/** How many deliveries fall due before `before` (exclusive, ISO 8601 UTC), those that are overdue included. */
export function dueWithin(store: DocumentStore, before: string): Promise<number> {
  return store.count(collectionOf(dueDeliveries), { field: "due_at", to: before });
}

/** What falls due before `before` (exclusive, ISO 8601 UTC), oldest first, page by page. */
export function dueBefore(store: DocumentStore, before: string): AsyncGenerator<readonly DueDocument[]> {
  return pagesOf<DueDocument>(store, collectionOf(dueDeliveries), {
    range: { field: "due_at", to: before },
    order: { field: "due_at", direction: "ascending" },
  });
}
