import type { KnownEvent } from "../events/catalogue.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";
import type { PagesFrom } from "./store/pages.ts";

export interface DueDocument extends StoredDocument {
  readonly endpoint_id: number;
  /** When something is to be done for the delivery; ISO 8601 UTC. */
  readonly due_at: string;
  /** When its last event was, since which it waits or is under way; ISO 8601 UTC. */
  readonly since: string;
  /** When the attempt under way was claimed; null when there is none. It holds until `due_at`, the end of its lease. */
  readonly under_way_since: string | null;
}

/**
 * The to-do list: one document per delivery that is due at some time. One that ended, or is held, is removed; when an older event of
 * it is folded again after that, it comes back for a moment, which is harmless: the process that takes it from here reads its
 * stream before doing anything.
 */
export const dueDeliveries: Projection<DueDocument> = {
  name: "due-deliveries",
  version: 2,
  categories: ["delivery"],
  // The second one is only of what is under way, which is little: most deliveries never enter it.
  indexes: [["due_at"], { fields: ["under_way_since"], present: "under_way_since" }],

  documentId: (event) => ("deliveryId" in event.data ? event.data.deliveryId : null),

  evolve(document: Content<DueDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "DeliveryRequested":
        return waiting(event.data.endpointId, event.data.requestedAt, event.data.requestedAt);
      case "DeliveryAttemptStarted": {
        const { startedAt, leaseUntil } = event.data;
        return document && { ...document, due_at: leaseUntil, since: startedAt, under_way_since: startedAt };
      }
      case "DeliveryAttemptReleased":
        return document && waiting(document.endpoint_id, event.data.releasedAt, event.data.releasedAt);
      case "DeliveryAttempted": {
        const { nextAttemptAt, endedAt } = event.data;
        return document && nextAttemptAt !== null ? waiting(document.endpoint_id, nextAttemptAt, endedAt) : null;
      }
      // It comes back when it is released, with the endpoint that it was requested for.
      case "DeliveryReleased":
        return waiting(event.data.endpointId, event.data.dueAt, event.data.releasedAt);
      case "DeliveryFailed":
      case "DeliveryCanceled":
      case "DeliveryHeld":
        return null;
      default:
        return document;
    }
  },
};

function waiting(endpoint_id: number, due_at: string, since: string): Content<DueDocument> {
  return { endpoint_id, due_at, since, under_way_since: null };
}

/** How many deliveries fall due in this time (ISO 8601 UTC): `from` is inclusive, `to` exclusive. */
export function dueIn(store: DocumentStore, time: { readonly from?: string; readonly to: string }): Promise<number> {
  return store.count(collectionOf(dueDeliveries), { field: "due_at", ...time });
}

/** What falls due before `before` (exclusive, ISO 8601 UTC), oldest first, page by page. */
export function dueBefore(
  store: DocumentStore,
  before: string,
  from?: PagesFrom,
): AsyncGenerator<readonly DueDocument[]> {
  return pagesOf<DueDocument>(
    store,
    collectionOf(dueDeliveries),
    { range: { field: "due_at", to: before }, order: { field: "due_at", direction: "ascending" } },
    from,
  );
}

/** What is under way, the attempt that was claimed first before the others, page by page. */
export function underWay(store: DocumentStore, from?: PagesFrom): AsyncGenerator<readonly DueDocument[]> {
  const order = { field: "under_way_since", direction: "ascending" } as const;
  return pagesOf<DueDocument>(store, collectionOf(dueDeliveries), { order }, from);
}

/** How many attempts are under way at `now` (ISO 8601 UTC), on all instances: those whose lease has not passed. */
export async function attemptsUnderWay(store: DocumentStore, now: string): Promise<number> {
  let attempts = 0;
  for await (const page of underWay(store)) attempts += page.filter(({ due_at }) => due_at > now).length;
  return attempts;
}

/** The entries of these deliveries in the to-do list, by their ids; those that have ended or are held have none. */
export async function dueOf(
  store: DocumentStore,
  deliveryIds: readonly string[],
): Promise<ReadonlyMap<string, DueDocument>> {
  const found = await store.load<DueDocument>(collectionOf(dueDeliveries), deliveryIds);
  return new Map(found.map((document) => [document._id, document]));
}
