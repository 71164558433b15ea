import type { Delivery, DeliveryAttemptStarted } from "../events/delivery.ts";

export interface StartAttempt {
  /** Where the attempt will go: the endpoint's URL of this moment. */
  readonly url: string;
  /** How long the attempt may last before its outcome counts as unknown, in ms. */
  readonly leaseMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The claim of the next attempt, or nothing when the delivery is final, not due, or claimed already. */
export function decideStartAttempt(command: StartAttempt, delivery: Delivery | null): DeliveryAttemptStarted[] {
  if (delivery === null || delivery.status !== "PENDING" || delivery.underWay !== null) return [];
  if (delivery.dueAt === null || Date.parse(delivery.dueAt) > command.now) return [];
  return [
    {
      type: "DeliveryAttemptStarted",
      data: {
        deliveryId: delivery.deliveryId,
        number: delivery.attempts + 1,
        round: delivery.round,
        url: command.url,
        startedAt: new Date(command.now).toISOString(),
        leaseUntil: new Date(command.now + command.leaseMs).toISOString(),
      },
    },
  ];
}
