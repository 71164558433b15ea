import type { KnownEvent } from "../events/catalogue.ts";
import type { DeliveryAttempted, DeliveryRequested } from "../events/delivery.ts";
import type { DeliveryStatus, EndReason } from "../events/delivery-terms.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import { fieldsOf } from "./snake-case.ts";
import type { SnakeCased } from "./snake-case.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";

/** An attempt as a client sees it. */
export type AttemptEntry = ReturnType<typeof attemptEntry>;

/** What was requested, but for its payload, which stays in the log. */
type Requested = Pick<DeliveryRequested["data"], "endpointId" | "userId" | "payloadBytes" | "payloadSha256">;

/** A delivery as a client sees it. */
export interface DeliveryDocument extends StoredDocument, SnakeCased<Requested> {
  readonly status: DeliveryStatus;
  /** How many attempts have an outcome. */
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly failure_reason: EndReason | null;
  /** When it failed for good; only those that did have it. */
  readonly failed_at?: string;
  readonly attempt_log: readonly AttemptEntry[];
}

/** What became of every delivery, with each attempt. */
export const deliveries: Projection<DeliveryDocument> = {
  name: "deliveries",
  version: 3,
  categories: ["delivery"],
  indexes: [
    ["user_id", "created_at"],
    ["user_id", "status", "created_at"],
    ["user_id", "endpoint_id", "created_at"],
    // A delivery that does not fail costs these nothing.
    { fields: ["failed_at"], present: "failed_at" },
    { fields: ["user_id", "failed_at"], present: "failed_at" },
    { fields: ["endpoint_id", "failed_at"], present: "failed_at" },
  ],

  documentId(event) {
    switch (event.type) {
      case "DeliveryRequested":
      case "DeliveryAttempted":
      case "DeliveryFailed":
      case "DeliveryCanceled":
      case "DeliveryHeld":
      case "DeliveryReleased":
        return event.data.deliveryId;
      default:
        return null;
    }
  },

  evolve(document: Content<DeliveryDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "DeliveryRequested":
        return {
          ...fieldsOf(event.data, "endpointId", "userId"),
          status: "PENDING",
          attempts: 0,
          next_attempt_at: event.data.requestedAt,
          created_at: event.data.requestedAt,
          completed_at: null,
          ...fieldsOf(event.data, "payloadBytes", "payloadSha256"),
          failure_reason: null,
          attempt_log: [],
        };
      case "DeliveryAttempted": {
        if (document === null) return null;
        const delivered = event.data.outcome === "delivered";
        return {
          ...document,
          status: delivered ? "SUCCESS" : document.status,
          attempts: document.attempts + 1,
          ...fieldsOf(event.data, "nextAttemptAt"),
          completed_at: delivered ? event.data.endedAt : document.completed_at,
          attempt_log: [...document.attempt_log, attemptEntry(event.data)],
        };
      }
      case "DeliveryFailed":
        if (document === null) return null;
        return {
          ...document,
          status: "FAILED",
          next_attempt_at: null,
          completed_at: event.data.failedAt,
          failure_reason: event.data.reason,
          failed_at: event.data.failedAt,
        };
      case "DeliveryCanceled":
        if (document === null) return null;
        return {
          ...document,
          status: "CANCELED",
          next_attempt_at: null,
          completed_at: event.data.canceledAt,
          failure_reason: event.data.reason,
        };
      case "DeliveryHeld":
        return document && { ...document, next_attempt_at: null };
      case "DeliveryReleased":
        return document && { ...document, next_attempt_at: event.data.dueAt };
      default:
        return document;
    }
  },
};

function attemptEntry(data: DeliveryAttempted["data"]) {
  return fieldsOf(
    data,
    "number",
    "round",
    "startedAt",
    "durationMs",
    "outcome",
    "url",
    "responseStatus",
    "responseBody",
    "responseTruncated",
    "errorCode",
    "nextAttemptAt",
    "connections",
  );
}

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
  const { status, endpointId, from, to } = filter;
  return store.find<DeliveryDocument>(collectionOf(deliveries), {
    equals: {
      user_id: userId,
      ...(status !== undefined && { status }),
      ...(endpointId !== undefined && { endpoint_id: endpointId }),
    },
    ...((from ?? to) !== undefined && {
      range: { field: "created_at", ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
    }),
    order: { field: "created_at", direction: "descending" },
    ...(after && { after: { value: after.createdAt, id: after.id } }),
    limit,
  });
}
