import type { AttemptUnderWay, Delivery, DeliveryAttempted, DeliveryFailed } from "../events/delivery.ts";
import { nextAttemptAt } from "./retry-policy.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** What is known of an attempt that ended. */
export interface AttemptResult {
  readonly outcome: "delivered" | "failed" | "unknown";
  readonly errorCode: string | null;
  readonly responseStatus: number | null;
  readonly responseBody: string | null;
  readonly responseTruncated: boolean;
  readonly durationMs: number;
  /** How long the receiver asked to be left alone, in ms; null when it did not ask. */
  readonly askedWaitMs: number | null;
}

export interface RecordAttempt {
  /** The claim under which the attempt was made. */
  readonly attempt: AttemptUnderWay;
  readonly result: AttemptResult;
  /** When the answer or the time-out came, in milliseconds since the epoch. */
  readonly endedAt: number;
  readonly policy: RetryPolicy;
}

/**
 * The outcome of an attempt, and the delivery's end when it was the last; nothing when that attempt is no longer under
 * way, because its lease passed and somebody else went on. A receiver that is gone (410) is not asked again.
 */
export function decideRecordAttempt(
  command: RecordAttempt,
  delivery: Delivery | null,
): (DeliveryAttempted | DeliveryFailed)[] {
  const { attempt, result, endedAt, policy } = command;
  if (delivery === null || !isUnderWay(attempt, delivery)) return [];
  const again =
    result.outcome === "delivered" || result.errorCode === "gone"
      ? null
      : nextAttemptAt(policy, attempt.number, endedAt, result.askedWaitMs);
  const attempted = attemptedEvent(delivery.deliveryId, attempt, result, endedAt, again);
  if (result.outcome === "delivered" || again !== null) return [attempted];
  return [
    attempted,
    {
      type: "DeliveryFailed",
      data: {
        deliveryId: delivery.deliveryId,
        reason: result.errorCode === "gone" ? "gone" : "attempts_exhausted",
        failedAt: new Date(endedAt).toISOString(),
      },
    },
  ];
}

/**
 * The end of an attempt whose lease passed without a result, because its sender vanished: its outcome is unknown, and it
 * counts, so that a delivery that kills the process comes to an end. Nothing while the lease holds.
 *
 * @param now milliseconds since the epoch
 */
export function decideLapsedAttempt(
  delivery: Delivery | null,
  now: number,
  policy: RetryPolicy,
): (DeliveryAttempted | DeliveryFailed)[] {
  if (delivery?.underWay == null || Date.parse(delivery.underWay.leaseUntil) > now) return [];
  const result: AttemptResult = {
    outcome: "unknown",
    errorCode: null,
    responseStatus: null,
    responseBody: null,
    responseTruncated: false,
    durationMs: now - Date.parse(delivery.underWay.startedAt),
    askedWaitMs: null,
  };
  return decideRecordAttempt({ attempt: delivery.underWay, result, endedAt: now, policy }, delivery);
}

/** True while this very claim is the one that is under way. */
export function isUnderWay(attempt: AttemptUnderWay, delivery: Delivery): boolean {
  const current = delivery.underWay;
  return (
    current?.number === attempt.number && current.round === attempt.round && current.startedAt === attempt.startedAt
  );
}

function attemptedEvent(
  deliveryId: string,
  attempt: AttemptUnderWay,
  result: AttemptResult,
  endedAt: number,
  again: number | null,
): DeliveryAttempted {
  return {
    type: "DeliveryAttempted",
    data: {
      deliveryId,
      number: attempt.number,
      round: attempt.round,
      url: attempt.url,
      startedAt: attempt.startedAt,
      endedAt: new Date(endedAt).toISOString(),
      durationMs: result.durationMs,
      outcome: result.outcome,
      errorCode: result.errorCode,
      responseStatus: result.responseStatus,
      responseBody: result.responseBody,
      responseTruncated: result.responseTruncated,
      nextAttemptAt: again === null ? null : new Date(again).toISOString(),
    },
  };
}
