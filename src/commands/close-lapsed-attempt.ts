import type { Delivery, DeliveryAttempted, DeliveryFailed } from "../events/delivery.ts";
import { decideRecordAttempt, unknownResult } from "./record-attempt.ts";
import type { RetryPolicy } from "./retry-policy.ts";

export interface CloseLapsedAttempt {
  readonly deliveryId: string;
  readonly policy: RetryPolicy;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * The end of an attempt whose lease passed without a result, because its sender vanished: its outcome is unknown, and it
 * counts, so that a delivery that kills the process comes to an end. Nothing while the lease holds.
 */
export function decideCloseLapsedAttempt(
  { deliveryId, policy, now }: CloseLapsedAttempt,
  delivery: Delivery | null,
): (DeliveryAttempted | DeliveryFailed)[] {
  const attempt = delivery?.underWay ?? null;
  if (attempt === null || Date.parse(attempt.leaseUntil) > Date.parse(now)) return [];
  // Another process began it, so there is no other clock to measure with. The lease has passed: it is not negative.
  const result = unknownResult(Date.parse(now) - Date.parse(attempt.startedAt));
  return decideRecordAttempt({ deliveryId, attempt, result, endedAt: now, policy }, delivery);
}
