import type { Loaded } from "../../commands/handling/command-handler.ts";
import type { Delivery } from "../../events/delivery.ts";
import type { Directory } from "../../projections/directory/directory.ts";
import { FairQueue } from "./fair-queue.ts";
import type { Queued, QueueLimits } from "./fair-queue.ts";

/** Owns the endpoints that the directory does not know yet. User ids count from 1. */
const UNKNOWN_USER = 0;
/** The approximate size of a delivery without a payload in memory, in bytes. */
const BARE_BYTES = 200;

export interface QueueSettings {
  /** The most concurrent attempts to all endpoints together. */
  readonly concurrency: number;
  /** The most concurrent attempts to an endpoint whose owner chose no number. */
  readonly concurrencyPerEndpoint: number;
  readonly queue: Omit<QueueLimits, "slots">;
}

/** A delivery that waits in memory for its attempt. */
export interface WaitingDelivery extends Queued {
  /** The delivery as accepted; null: its stream is read when its turn comes. */
  readonly known: Loaded<Delivery> | null;
}

/** The entry of a delivery that was just accepted. It keeps the delivery, so its attempt reads nothing. */
export function acceptedDelivery(known: Loaded<Delivery> & { state: Delivery }): WaitingDelivery {
  const { deliveryId, endpointId, payload } = known.state;
  return { deliveryId, endpointId, bytes: BARE_BYTES + payload.length * 2, known };
}

/** The entry of a delivery that fell due. */
export function dueDelivery(deliveryId: string, endpointId: number): WaitingDelivery {
  return { deliveryId, endpointId, bytes: BARE_BYTES, known: null };
}

/**
 * The worker's queue. The directory gives each endpoint's share; endpoints that it does not know yet share one.
 *
 * @param onLow called when the queue runs low after it refused an entry
 */
export function deliveryQueue(
  settings: QueueSettings,
  directory: Pick<Directory, "knownEndpoint">,
  onLow: () => void,
): FairQueue<WaitingDelivery> {
  const shareOf = (endpointId: number) => {
    const endpoint = directory.knownEndpoint(endpointId);
    const concurrency = endpoint?.max_concurrency ?? settings.concurrencyPerEndpoint;
    return { userId: endpoint?.user_id ?? UNKNOWN_USER, concurrency };
  };
  return new FairQueue({ ...settings.queue, slots: settings.concurrency }, shareOf, onLow);
}
