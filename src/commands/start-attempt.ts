import type { Delivery, DeliveryAttemptStarted } from "../events/delivery.ts";

export interface StartAttempt {
  readonly deliveryId: string;
  /** Where the attempt will go: the endpoint's URL of this moment. */
  readonly url: string;
  /** How long the attempt may last before its outcome counts as unknown, in ms. */
  readonly leaseMs: number;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** The claim of the next attempt, or nothing when the delivery is final, not due, or claimed already. */
export function decideStartAttempt(command: StartAttempt, delivery: Delivery | null): DeliveryAttemptStarted[] {
  if (delivery === null || delivery.status !== "PENDING" || delivery.underWay !== null) return [];
  const { deliveryId, url, leaseMs, now } = command;
  const startedAt = Date.parse(now);
  if (delivery.dueAt === null || Date.parse(delivery.dueAt) > startedAt) return [];
  return [
    {
      type: "DeliveryAttemptStarted",
      data: {
        deliveryId,
        number: delivery.attempts + 1,
        round: delivery.round,
        url,
        startedAt: now,
        leaseUntil: new Date(startedAt + leaseMs).toISOString(),
      },
    },
  ];
}
