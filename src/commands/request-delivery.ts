import { readEvent } from "../events/catalogue.ts";
import { deliveryStream } from "../events/delivery.ts";
import type { DeliveryRequested } from "../events/delivery.ts";
import { derivedId } from "../events/store/derived-id.ts";
import { RevisionConflict } from "../events/store/event-store-errors.ts";
import type { Revision } from "../events/store/position.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";
import { CommandRefused } from "./handling/refusals.ts";
import type { StreamStore } from "./handling/stream-store.ts";

export interface RequestDelivery {
  readonly deliveryId: string;
  readonly userId: number;
  readonly endpointId: number;
  /** The text of the payload as the client wrote it. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** Lower-case hex. */
  readonly payloadSha256: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** The namespace of delivery ids that are derived from an Idempotency-Key (a random UUID, fixed for ever). */
const IDEMPOTENT_DELIVERIES = "5d0f6a3e-7d0c-4a53-9d55-0f6f3ac1d1ce";

/**
 * The delivery id that belongs to a user's Idempotency-Key. Being derived, it makes one stream of all the calls with
 * that key, on every instance and after every restart, and "no stream" lets one of them win: no table of keys is needed.
 */
export function idempotentDeliveryId(userId: number, idempotencyKey: string): string {
  return derivedId(IDEMPOTENT_DELIVERIES, `${userId}:${idempotencyKey}`);
}

/** The promise to deliver. */
export function decideRequestDelivery(command: RequestDelivery): DeliveryRequested {
  const { now, ...data } = command;
  return { type: "DeliveryRequested", data: { ...data, requestedAt: now } };
}

export type DeliveryAccepted =
  | {
      readonly kind: "accepted";
      readonly event: DeliveryRequested;
      readonly eventId: string;
      readonly revision: Revision;
    }
  /** The same Idempotency-Key asked for the same before. */
  | { readonly kind: "replayed" };

/**
 * Accepts a delivery with a single append and no read. Resolves when it is durable.
 *
 * @throws CommandRefused `idempotency_key_reused` when the id's delivery is of another endpoint or payload
 * @throws whatever the store throws
 */
export async function requestDelivery(
  store: StreamStore,
  command: RequestDelivery,
  context: CommandContext,
): Promise<DeliveryAccepted> {
  const event = decideRequestDelivery(command);
  const stream = deliveryStream(command.deliveryId);
  try {
    const appends = eventsToAppend([event], context);
    const { revision } = await appendSettled(store, stream, appends, "no_stream");
    return { kind: "accepted", event, eventId: appends[0]?.id ?? context.commandId, revision };
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
    const [first] = await store.read(stream, { limit: 1 });
    if (first === undefined) throw error;
    const earlier = readEvent(first);
    const same =
      earlier.type === "DeliveryRequested" &&
      earlier.data.endpointId === command.endpointId &&
      earlier.data.payloadSha256 === command.payloadSha256;
    if (!same) throw new CommandRefused("idempotency_key_reused");
    return { kind: "replayed" };
  }
}
