import { describe, it } from "vitest";
import { decideReleaseAttempt } from "../../../src/commands/release-attempt.ts";
import type { ReleaseAttempt } from "../../../src/commands/release-attempt.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import type { AttemptUnderWay } from "../../../src/events/delivery.ts";
import { decider } from "../../specification/decider.ts";
import {
  at,
  attempted,
  claim,
  DELIVERED,
  DELIVERY_ID,
  released,
  requested,
  started,
} from "../../specification/delivery-story.ts";

const given = decider(evolveDelivery, decideReleaseAttempt);

function release(attempt: AttemptUnderWay, seconds: number): ReleaseAttempt {
  return { deliveryId: DELIVERY_ID, attempt, reason: "no connection free", now: at(seconds) };
}

describe("giving a claim back", () => {
  it("makes the delivery due at that moment", () => {
    given(requested(), started(1, 0))
      .when(release(claim(1, 0), 2))
      .then(released(1, 2));
  });

  it("does nothing for a claim that is not under way", () => {
    given(requested(), started(1, 0), released(1, 1), started(1, 2))
      .when(release(claim(1, 0), 3))
      .thenNothing();
    given(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED))
      .when(release(claim(1, 0), 3))
      .thenNothing();
    given()
      .when(release(claim(1, 0), 3))
      .thenNothing();
  });
});
