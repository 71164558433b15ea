import { describe, it } from "vitest";
import { decideCloseLapsedAttempt } from "../../../src/commands/close-lapsed-attempt.ts";
import type { CloseLapsedAttempt } from "../../../src/commands/close-lapsed-attempt.ts";
import { retryPolicy } from "../../../src/commands/retry-policy.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import { decider } from "../../specification/decider.ts";
import {
  afterFailures,
  at,
  attempted,
  DELIVERED,
  DELIVERY_ID,
  dueAfterFailures,
  failed,
  released,
  requested,
  started,
  UNKNOWN,
} from "../../specification/delivery-story.ts";

const given = decider(evolveDelivery, decideCloseLapsedAttempt);

/** The leases of the story last 30 seconds. */
function closeAt(seconds: number): CloseLapsedAttempt {
  return { deliveryId: DELIVERY_ID, policy: retryPolicy(60_000), now: at(seconds) };
}

describe("closing an attempt whose sender vanished", () => {
  it("does nothing while the lease holds", () => {
    given(requested(), started(1, 0)).when(closeAt(29.999)).thenNothing();
  });

  it("records an unknown outcome once the lease is over, counts it, and repeats it by the schedule", () => {
    given(requested(), started(1, 0))
      .when(closeAt(30))
      .then(attempted(1, 0, 30, { ...UNKNOWN, nextAttemptAt: at(90) }));
  });

  it("counts the wait from the moment at which it was found, however late", () => {
    given(requested(), started(1, 0))
      .when(closeAt(3_600))
      .then(attempted(1, 0, 3_600, { ...UNKNOWN, nextAttemptAt: at(3_660) }));
  });

  it("ends the delivery when it was the fifth attempt", () => {
    const due = dueAfterFailures(4);
    given(...afterFailures(4), started(5, due))
      .when(closeAt(due + 30))
      .then(attempted(5, due, due + 30, UNKNOWN), failed(due + 30, "attempts_exhausted"));
  });

  it("does nothing when no attempt is under way", () => {
    given(requested()).when(closeAt(3_600)).thenNothing();
    given(requested(), started(1, 0), released(1, 1)).when(closeAt(3_600)).thenNothing();
    given(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED))
      .when(closeAt(3_600))
      .thenNothing();
    given().when(closeAt(3_600)).thenNothing();
  });
});
