import { describe, it } from "vitest";
import { decideStartAttempt } from "../../../src/commands/start-attempt.ts";
import type { StartAttempt } from "../../../src/commands/start-attempt.ts";
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
  LEASE_MS,
  RECEIVER_URL,
  released,
  requested,
  started,
} from "../../specification/delivery-story.ts";

const given = decider(evolveDelivery, decideStartAttempt);

function startAt(seconds: number): StartAttempt {
  return { deliveryId: DELIVERY_ID, url: RECEIVER_URL, leaseMs: LEASE_MS, now: at(seconds) };
}

describe("starting an attempt", () => {
  it("claims the first attempt of a new delivery at once", () => {
    given(requested()).when(startAt(0)).then(started(1, 0));
  });

  it("claims the next attempt when it is due, with the next number", () => {
    given(...afterFailures(2))
      .when(startAt(dueAfterFailures(2)))
      .then(started(3, dueAfterFailures(2)));
  });

  it("claims an attempt that is overdue", () => {
    given(...afterFailures(1))
      .when(startAt(100_000))
      .then(started(2, 100_000));
  });

  it("does nothing a millisecond before the attempt is due", () => {
    given(...afterFailures(1))
      .when(startAt(dueAfterFailures(1) - 0.001))
      .thenNothing();
  });

  it("does nothing while an attempt is under way", () => {
    given(requested(), started(1, 0)).when(startAt(1)).thenNothing();
  });

  it("does nothing when a lease is over but nobody has said what became of the attempt", () => {
    given(requested(), started(1, 0)).when(startAt(3_600)).thenNothing();
  });

  it("does nothing when the delivery succeeded", () => {
    given(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED))
      .when(startAt(3_600))
      .thenNothing();
  });

  it("does nothing when the delivery failed", () => {
    given(requested(), started(1, 0), attempted(1, 0, 1), failed(1, "gone"))
      .when(startAt(3_600))
      .thenNothing();
  });

  it("does nothing for a delivery that does not exist", () => {
    given().when(startAt(0)).thenNothing();
  });

  it("claims the same number again after the claim was given back", () => {
    given(requested(), started(1, 0), released(1, 1)).when(startAt(1)).then(started(1, 1));
  });
});
