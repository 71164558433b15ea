import type { AttemptUnderWay, Delivery, DeliveryAttempted, DeliveryFailed } from "../events/delivery.ts";
import type { AttemptErrorCode, AttemptOutcome } from "../events/delivery-terms.ts";
import { nextAttemptAt } from "./retry-policy.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** What is known of an attempt that ended. */
export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  readonly errorCode: AttemptErrorCode | null;
  readonly responseStatus: number | null;
  readonly responseBody: string | null;
  readonly responseTruncated: boolean;
  /** How many connections the request was written to: 1, or 2 after a repeat. */
  readonly connections: number;
  readonly durationMs: number;
  /** How long the receiver asked to be left alone, in ms; null when it did not ask. */
  readonly askedWaitMs: number | null;
}

export interface RecordAttempt {
  readonly deliveryId: string;
  /** The claim under which the attempt was made. */
  readonly attempt: AttemptUnderWay;
  readonly result: AttemptResult;
  /** When the answer or the time-out came, ISO 8601 UTC. */
  readonly endedAt: string;
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
  const { deliveryId, attempt, result, endedAt, policy } = command;
  if (delivery === null || !isUnderWay(attempt, delivery)) return [];
  const again =
    result.outcome === "delivered" || result.errorCode === "gone"
      ? null
      : nextAttemptAt(policy, attempt.number, endedAt, result.askedWaitMs);
  const attempted = attemptedEvent(command, again);
  if (result.outcome === "delivered" || again !== null) return [attempted];
  const reason = result.errorCode === "gone" ? "gone" : "attempts_exhausted";
  return [attempted, { type: "DeliveryFailed", data: { deliveryId, reason, failedAt: endedAt } }];
}

/**
 * The result of an attempt whose end was not seen: the receiver may or may not have it.
 *
 * @param durationMs the time until it was given up, in whole ms
 */
export function unknownResult(durationMs: number): AttemptResult {
  return {
    outcome: "unknown",
    errorCode: null,
    responseStatus: null,
    responseBody: null,
    responseTruncated: false,
    connections: 1,
    durationMs,
    askedWaitMs: null,
  };
}

/** True while this very claim is the one that is under way. */
export function isUnderWay(attempt: AttemptUnderWay, delivery: Delivery): boolean {
  const current = delivery.underWay;
  return (
    current?.number === attempt.number && current.round === attempt.round && current.startedAt === attempt.startedAt
  );
}

/** @param again when the next attempt is due, ISO 8601 UTC; null when there is none */
function attemptedEvent(command: RecordAttempt, again: string | null): DeliveryAttempted {
  const { deliveryId, attempt, result, endedAt } = command;
  return {
    type: "DeliveryAttempted",
    data: {
      deliveryId,
      number: attempt.number,
      round: attempt.round,
      url: attempt.url,
      startedAt: attempt.startedAt,
      endedAt,
      durationMs: result.durationMs,
      outcome: result.outcome,
      errorCode: result.errorCode,
      responseStatus: result.responseStatus,
      responseBody: result.responseBody,
      responseTruncated: result.responseTruncated,
      nextAttemptAt: again,
      connections: result.connections,
    },
  };
}
