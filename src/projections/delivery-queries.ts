import type { DeliveryStatus } from "../events/delivery-terms.ts";
import { deliveries } from "./deliveries.ts";
import type { DeliveryDocument } from "./deliveries.ts";
import { collectionOf } from "./projection.ts";
import type { DocumentStore } from "./store/document-store.ts";

/** The deliveries with these ids, by their ids; those that are not known yet have none. */
export async function deliveriesById(
  store: DocumentStore,
  ids: readonly string[],
): Promise<ReadonlyMap<string, DeliveryDocument>> {
  const found = await store.load<DeliveryDocument>(collectionOf(deliveries), ids);
  return new Map(found.map((document) => [document._id, document]));
}

/** One delivery of this user, or null: another user's is as unknown as one that never was. */
export async function deliveryOfUser(
  store: DocumentStore,
  userId: number,
  deliveryId: string,
): Promise<DeliveryDocument | null> {
  const [document] = await store.load<DeliveryDocument>(collectionOf(deliveries), [deliveryId]);
  return document?.user_id === userId ? document : null;
}

export interface DeliveryFilter {
  readonly status?: DeliveryStatus;
  readonly endpointId?: number;
  /** Exactly. */
  readonly reference?: string;
  /** ISO 8601 UTC; from is inclusive, to exclusive. */
  readonly from?: string;
  readonly to?: string;
}

/** The place after which a page begins. */
export interface DeliveryPlace {
  readonly createdAt: string;
  readonly id: string;
}

/** This user's deliveries that match, newest first, at most `limit`, following `after`. */
export function deliveriesOfUser(
  store: DocumentStore,
  userId: number,
  filter: DeliveryFilter,
  limit: number,
  after: DeliveryPlace | null,
): Promise<DeliveryDocument[]> {
  const { status, endpointId, reference, from, to } = filter;
  return store.find<DeliveryDocument>(collectionOf(deliveries), {
    equals: {
      user_id: userId,
      ...(status !== undefined && { status }),
      ...(endpointId !== undefined && { endpoint_id: endpointId }),
      ...(reference !== undefined && { reference }),
    },
    ...((from ?? to) !== undefined && {
      range: { field: "created_at", ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
    }),
    order: { field: "created_at", direction: "descending" },
    ...(after && { after: { value: after.createdAt, id: after.id } }),
    limit,
  });
}
