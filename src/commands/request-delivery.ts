import { readStreamEvent } from "../events/catalogue.ts";
import { deliveryStream, evolveDelivery } from "../events/delivery.ts";
import type { Delivery, DeliveryEvent, DeliveryRequested } from "../events/delivery.ts";
import { derivedId } from "../events/store/derived-id.ts";
import { RevisionConflict } from "../events/store/event-store-errors.ts";
import type { Revision } from "../events/store/position.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";
import { CommandRefused } from "./handling/refusals.ts";
import type { StreamStore } from "../events/store/event-store.ts";

export interface RequestDelivery {
  readonly deliveryId: string;
  readonly userId: number;
  readonly endpointId: number;
  /** The text of the payload as the client wrote it. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** Lower-case hex. */
  readonly payloadSha256: string;
  /** The client's own name for it; null without one. */
  readonly reference: string | null;
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

/**
 * The promise to deliver: the first event of a delivery. Nothing when the same was requested before under this id.
 *
 * @throws CommandRefused `idempotency_key_reused` when the id's delivery is of another endpoint, payload or reference
 */
export function decideRequestDelivery(command: RequestDelivery, delivery: Delivery | null): DeliveryRequested[] {
  const { now, ...data } = command;
  if (delivery === null) return [{ type: "DeliveryRequested", data: { ...data, requestedAt: now } }];
  const isSame =
    delivery.endpointId === data.endpointId &&
    delivery.payloadSha256 === data.payloadSha256 &&
    delivery.reference === data.reference;
  if (!isSame) throw new CommandRefused("idempotency_key_reused");
  return [];
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
 * Accepts a delivery with a single append and no read, unless its id was used before. Resolves when it is durable.
 *
 * @throws CommandRefused `idempotency_key_reused` when the id's delivery is of another endpoint, payload or reference
 * @throws whatever the store throws
 */
export async function requestDelivery(
  store: StreamStore,
  command: RequestDelivery,
  context: CommandContext,
): Promise<DeliveryAccepted> {
  const stream = deliveryStream(command.deliveryId);
  const accept = async (delivery: Delivery | null): Promise<DeliveryAccepted> => {
    const [event] = decideRequestDelivery(command, delivery);
    if (event === undefined) return { kind: "replayed" };
    const appends = eventsToAppend([event], context);
    const { revision } = await appendSettled(store, stream, appends, "no_stream");
    return { kind: "accepted", event, eventId: appends[0]?.id ?? context.commandId, revision };
  };
  try {
    return await accept(null);
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
    const earlier = await earlierRequest(store, stream);
    if (earlier === null) throw error;
    return accept(earlier);
  }
}

/**
 * Whether the same was requested before under this id: what is asked when nothing new may be accepted, because what was
 * accepted stays so. One read, and no append.
 *
 * @throws CommandRefused `idempotency_key_reused` when the id's delivery is of another endpoint, payload or reference
 * @throws whatever the store throws
 */
export async function wasRequested(store: StreamStore, command: RequestDelivery): Promise<boolean> {
  const earlier = await earlierRequest(store, deliveryStream(command.deliveryId));
  return earlier !== null && decideRequestDelivery(command, earlier).length === 0;
}

/**
 * When a delivery was requested, in ISO 8601 UTC; null when none was under this id. One read.
 *
 * @throws whatever the store throws
 */
export async function requestTimeOf(store: StreamStore, deliveryId: string): Promise<string | null> {
  return (await earlierRequest(store, deliveryStream(deliveryId)))?.requestedAt ?? null;
}

/** The delivery as it was requested, from its first event; whatever came of it since does not matter to a repetition. */
async function earlierRequest(store: StreamStore, stream: string): Promise<Delivery | null> {
  const [first] = await store.read(stream, { limit: 1 });
  return first === undefined ? null : evolveDelivery(null, readStreamEvent<DeliveryEvent>(first));
}
