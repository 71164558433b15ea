import { z } from "zod";
import { attemptOutcome, cancelReason, failureReason, holdReason } from "./delivery-terms.ts";
import type { DeliveryStatus } from "./delivery-terms.ts";

const time = z.iso.datetime();
const deliveryId = z.uuid();
const attemptNumber = z.int().positive();
/** The first round is the dispatch itself; each resend begins another. */
const round = z.int().positive();

/** The promise: what was acknowledged with 202. `payload` is the text that the client wrote, to the byte. */
export const deliveryRequestedData = z.object({
  deliveryId,
  userId: z.int().positive(),
  endpointId: z.int().positive(),
  payload: z.string(),
  payloadBytes: z.int().positive(),
  payloadSha256: z.string().length(64),
  /** The client's own name for it, which need not be unique; null without one. */
  reference: z.string().min(1).nullable(),
  requestedAt: time,
});

/** The claim: appended before a byte leaves. Whoever loses this append does not send. */
export const deliveryAttemptStartedData = z.object({
  deliveryId,
  number: attemptNumber,
  round,
  url: z.string(),
  startedAt: time,
  /** From then on the attempt's result is not awaited any more: its outcome is unknown. */
  leaseUntil: time,
});

/** A claim given back: our own fault kept it from being sent, no byte left, the attempt does not count. */
export const deliveryAttemptReleasedData = z.object({
  deliveryId,
  number: attemptNumber,
  round,
  reason: z.string(),
  releasedAt: time,
});

/** What came of an attempt. */
export const deliveryAttemptedData = z.object({
  deliveryId,
  number: attemptNumber,
  round,
  url: z.string(),
  startedAt: time,
  endedAt: time,
  durationMs: z.int().nonnegative(),
  outcome: attemptOutcome,
  errorCode: z.string().nullable(),
  responseStatus: z.int().nullable(),
  responseBody: z.string().nullable(),
  responseTruncated: z.boolean(),
  /** When the next attempt is due; null when there is none. */
  nextAttemptAt: time.nullable(),
  /** How many connections the request was written to: 2 after a kept one was closed before a byte of the answer. */
  connections: z.int().min(1).max(2),
});

/**
 * No attempt is made until it is released: its endpoint was disabled, or deliveries were paused, when it was due. It has no
 * due time meanwhile.
 */
export const deliveryHeldData = z.object({
  deliveryId,
  endpointId: z.int().positive(),
  reason: holdReason,
  heldAt: time,
});

/** Attempts go on: its endpoint is enabled and not paused. What was held together is due one after the other. */
export const deliveryReleasedData = z.object({
  deliveryId,
  endpointId: z.int().positive(),
  dueAt: time,
  releasedAt: time,
});

/** The end of a delivery whose endpoint was deleted. */
export const deliveryCanceledData = z.object({
  deliveryId,
  reason: cancelReason,
  canceledAt: time,
});

/** The end of a delivery that did not make it. */
export const deliveryFailedData = z.object({
  deliveryId,
  reason: failureReason,
  failedAt: time,
});

type Event<T extends string, S extends z.ZodType> = { readonly type: T; readonly data: Readonly<z.infer<S>> };

export type DeliveryRequested = Event<"DeliveryRequested", typeof deliveryRequestedData>;
export type DeliveryAttemptStarted = Event<"DeliveryAttemptStarted", typeof deliveryAttemptStartedData>;
export type DeliveryAttemptReleased = Event<"DeliveryAttemptReleased", typeof deliveryAttemptReleasedData>;
export type DeliveryAttempted = Event<"DeliveryAttempted", typeof deliveryAttemptedData>;
export type DeliveryFailed = Event<"DeliveryFailed", typeof deliveryFailedData>;
export type DeliveryHeld = Event<"DeliveryHeld", typeof deliveryHeldData>;
export type DeliveryReleased = Event<"DeliveryReleased", typeof deliveryReleasedData>;
export type DeliveryCanceled = Event<"DeliveryCanceled", typeof deliveryCanceledData>;

export type DeliveryEvent =
  | DeliveryRequested
  | DeliveryAttemptStarted
  | DeliveryAttemptReleased
  | DeliveryAttempted
  | DeliveryFailed
  | DeliveryHeld
  | DeliveryReleased
  | DeliveryCanceled;

/** The stream of the delivery with this id. */
export function deliveryStream(id: string): string {
  return `delivery-${id}`;
}

/** An attempt that was claimed and has no outcome yet. */
export type AttemptUnderWay = Omit<DeliveryAttemptStarted["data"], "deliveryId">;

/** What the events of one delivery mean for what may happen next. */
export interface Delivery {
  readonly deliveryId: string;
  readonly userId: number;
  readonly endpointId: number;
  readonly payload: string;
  readonly payloadSha256: string;
  readonly reference: string | null;
  /** ISO 8601 UTC */
  readonly requestedAt: string;
  readonly status: DeliveryStatus;
  readonly round: number;
  /** The attempts of this round that have an outcome. */
  readonly attempts: number;
  readonly underWay: AttemptUnderWay | null;
  /** Whether it waits for its endpoint to be enabled, or for a pause to end. */
  readonly held: boolean;
  /** When something is to be done for it; null when it is final or held. */
  readonly dueAt: string | null;
}

/**
 * The delivery after one more event; null before its first.
 *
 * @throws Error when the event cannot follow: the stream does not tell a delivery's story.
 */
export function evolveDelivery(delivery: Delivery | null, event: DeliveryEvent): Delivery {
  if (event.type === "DeliveryRequested") {
    if (delivery !== null) throw new Error("a delivery is requested once");
    const { deliveryId: id, userId, endpointId, payload, payloadSha256, reference, requestedAt } = event.data;
    return {
      deliveryId: id,
      userId,
      endpointId,
      payload,
      payloadSha256,
      reference,
      requestedAt,
      status: "PENDING",
      round: 1,
      attempts: 0,
      underWay: null,
      held: false,
      dueAt: requestedAt,
    };
  }
  if (delivery === null) throw new Error(`${event.type} of a delivery that was never requested`);
  switch (event.type) {
    case "DeliveryAttemptStarted": {
      const { number, round: ofRound, url, startedAt, leaseUntil } = event.data;
      return { ...delivery, underWay: { number, round: ofRound, url, startedAt, leaseUntil }, dueAt: leaseUntil };
    }
    case "DeliveryAttemptReleased":
      return { ...delivery, underWay: null, dueAt: event.data.releasedAt };
    case "DeliveryAttempted": {
      const delivered = event.data.outcome === "delivered";
      return {
        ...delivery,
        status: delivered ? "SUCCESS" : delivery.status,
        attempts: event.data.number,
        underWay: null,
        dueAt: delivered ? null : event.data.nextAttemptAt,
      };
    }
    case "DeliveryFailed":
      return { ...delivery, status: "FAILED", underWay: null, held: false, dueAt: null };
    case "DeliveryCanceled":
      return { ...delivery, status: "CANCELED", underWay: null, held: false, dueAt: null };
    case "DeliveryHeld":
      return { ...delivery, held: true, dueAt: null };
    case "DeliveryReleased":
      return { ...delivery, held: false, dueAt: event.data.dueAt };
  }
}
