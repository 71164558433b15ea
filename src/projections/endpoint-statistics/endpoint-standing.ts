import type { KnownEvent } from "../../events/catalogue.ts";
import type { Content, ReadModel } from "../projection.ts";
import { fieldsOf } from "../snake-case.ts";
import type { StoredDocument } from "../store/document-store.ts";

/** How an endpoint stands now. There is no document before the first dispatch to it. */
export interface EndpointStandingDocument extends StoredDocument {
  /** The endpoint's id. Not named `endpoint_id`, because queries for its days use that. */
  readonly standing_of: number;
  readonly user_id: number;
  /** Deliveries that have not ended. */
  readonly pending: number;
  /** Whether it is disabled or deleted: no attempts are made then, and none counts. */
  readonly stopped: boolean;
  /** Attempts that failed since the last success, or since it was enabled or its URL changed. */
  readonly failures: number;
  /** When the first of those ended; null if there is none. */
  readonly failing_since: string | null;
}

/** The standing of an endpoint with a failed attempt since its last success. */
export type FailingEndpointDocument = EndpointStandingDocument & { readonly failing_since: string };

const UNBROKEN = { failures: 0, failing_since: null } as const;

/** The id of an endpoint's standing. */
export function standingId(endpointId: number): string {
  return `standing/${endpointId}`;
}

/**
 * The endpoint's standing after one more event of the endpoint or one of its deliveries; null before the first
 * delivery. An attempt with an unknown outcome says nothing about the endpoint.
 */
export function evolveStanding(
  standing: Content<EndpointStandingDocument> | null,
  event: KnownEvent,
): Content<EndpointStandingDocument> | null {
  if (event.type === "DeliveryRequested") {
    const before = standing ?? {
      standing_of: event.data.endpointId,
      ...fieldsOf(event.data, "userId"),
      pending: 0,
      stopped: false,
      ...UNBROKEN,
    };
    return { ...before, pending: before.pending + 1 };
  }
  if (standing === null) return null;
  switch (event.type) {
    case "DeliveryAttempted": {
      const { outcome, endedAt } = event.data;
      if (outcome === "delivered") return { ...standing, pending: standing.pending - 1, ...UNBROKEN };
      if (outcome === "unknown" || standing.stopped) return standing;
      return { ...standing, failures: standing.failures + 1, failing_since: standing.failing_since ?? endedAt };
    }
    case "DeliveryFailed":
    case "DeliveryCanceled":
      return { ...standing, pending: standing.pending - 1 };
    case "EndpointUpdated":
      // Failures at the old URL say nothing about the new one.
      return event.data.changes.url === undefined ? standing : { ...standing, ...UNBROKEN };
    case "EndpointEnabled":
      return { ...standing, stopped: false, ...UNBROKEN };
    case "EndpointDisabled":
    case "EndpointDeleted":
      return { ...standing, stopped: true, ...UNBROKEN };
    default:
      return standing;
  }
}

/** The indexes for queries of standings. */
export const STANDING_INDEXES: ReadModel["indexes"] = [
  { fields: ["user_id", "standing_of"], present: "standing_of" },
  { fields: ["failing_since"], present: "failing_since" },
  { fields: ["failures"], present: "failures" },
];
