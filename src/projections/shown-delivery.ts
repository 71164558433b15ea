import type { WaitingFor } from "../events/delivery-terms.ts";
import type { DeliveryDocument } from "./deliveries.ts";
import type { Content } from "./projection.ts";

/** A delivery as the API shows it, its fields in the order of docs/reference/http-api.md. */
export type ShownDelivery = { readonly id: string } & Content<DeliveryDocument>;

/** A delivery as it is now, for a client. */
export type CurrentDelivery = ShownDelivery & { readonly waiting_for: WaitingFor | null };

/** What a client, an auditor or an operator gets to see of a delivery. */
export function shownDelivery(delivery: DeliveryDocument): ShownDelivery {
  return {
    id: delivery._id,
    endpoint_id: delivery.endpoint_id,
    user_id: delivery.user_id,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: delivery.next_attempt_at,
    created_at: delivery.created_at,
    completed_at: delivery.completed_at,
    payload_bytes: delivery.payload_bytes,
    payload_sha256: delivery.payload_sha256,
    // Documents of an earlier version, which are shown while those of this one are made, know of none.
    reference: (delivery as Partial<DeliveryDocument>).reference ?? null,
    failure_reason: delivery.failure_reason,
    attempt_log: delivery.attempt_log,
  };
}

/** What a client gets to see of a delivery as it is now: also what it waits for. */
export function currentDelivery(delivery: DeliveryDocument, waiting_for: WaitingFor | null): CurrentDelivery {
  const { id, endpoint_id, user_id, status, attempts, next_attempt_at, ...rest } = shownDelivery(delivery);
  return { id, endpoint_id, user_id, status, attempts, next_attempt_at, waiting_for, ...rest };
}
