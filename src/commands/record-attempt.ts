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
  readonly retryAfterMs: number | null;
}

export interface RecordAttempt {
  readonly result: AttemptResult;
  /** When the answer or the time-out came, in milliseconds since the epoch. */
  readonly endedAt: number;
  readonly policy: RetryPolicy;
}

/**
 * The outcome of the attempt that is under way, and the delivery's end when it was the last; nothing when no attempt is
 * under way. A receiver that is gone (410) is not asked again.
 */
export function decideRecordAttempt(
  command: RecordAttempt,
  delivery: Delivery | null,
): (DeliveryAttempted | DeliveryFailed)[] {
  if (delivery?.underWay == null) return [];
  const { result, endedAt, policy } = command;
  const again =
    result.outcome === "delivered" || result.errorCode === "gone"
      ? null
      : nextAttemptAt(policy, delivery.underWay.number, endedAt, result.retryAfterMs);
  const attempted = attemptedEvent(delivery.deliveryId, delivery.underWay, result, endedAt, again);
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
    retryAfterMs: null,
  };
  return decideRecordAttempt({ result, endedAt: now, policy }, delivery);
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
