import type { Loaded } from "../../commands/handling/command-handler.ts";
import type { Delivery } from "../../events/delivery.ts";
import type { Directory } from "../../projections/directory/directory.ts";
import { FairQueue } from "./fair-queue.ts";
import type { Queued, QueueLimits } from "./fair-queue.ts";

/** Ids of users count from 1. */
const NOBODY = 0;
/** What a delivery without a payload in memory takes up, roughly, in bytes. */
const BARE_BYTES = 200;

export interface QueueSettings {
  /** Attempts under way at a time, to all endpoints together. */
  readonly concurrency: number;
  /** Attempts under way at a time to an endpoint whose owner chose no number. */
  readonly concurrencyPerEndpoint: number;
  readonly queue: Omit<QueueLimits, "slots">;
}

/** A delivery that waits in memory for its attempt. */
export interface WaitingDelivery extends Queued {
  /** What its acceptance left in memory; null: its stream is read when its turn comes. */
  readonly known: Loaded<Delivery> | null;
}

/** The entry of a delivery that was accepted just now: it keeps what is known, so that its attempt reads nothing. */
export function acceptedDelivery(known: Loaded<Delivery> & { state: Delivery }): WaitingDelivery {
  const { deliveryId, endpointId, payload } = known.state;
  return { deliveryId, endpointId, bytes: BARE_BYTES + payload.length * 2, known };
}

/** The entry of a delivery that fell due. */
export function dueDelivery(deliveryId: string, endpointId: number): WaitingDelivery {
  return { deliveryId, endpointId, bytes: BARE_BYTES, known: null };
}

/**
 * The worker's queue, in which each endpoint has the share that the directory says. Endpoints that the directory does not
 * have yet share what is left.
 *
 * @param onLow is called when the queue runs low after something was turned away
 */
export function deliveryQueue(
  settings: QueueSettings,
  directory: Pick<Directory, "knownEndpoint">,
  onLow: () => void,
): FairQueue<WaitingDelivery> {
  const shareOf = (endpointId: number) => {
    const endpoint = directory.knownEndpoint(endpointId);
    const concurrency = endpoint?.max_concurrency ?? settings.concurrencyPerEndpoint;
    return { userId: endpoint?.user_id ?? NOBODY, concurrency };
  };
  return new FairQueue({ ...settings.queue, slots: settings.concurrency }, shareOf, onLow);
}
