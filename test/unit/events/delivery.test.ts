import { describe, expect, it } from "vitest";
import { deliveryStream, evolveDelivery } from "../../../src/events/delivery.ts";
import type { Delivery, DeliveryEvent } from "../../../src/events/delivery.ts";
import {
  at,
  attempted,
  canceled,
  claim,
  DELIVERED,
  DELIVERY_ID,
  failed,
  held,
  LEASE_MS,
  letGo,
  msAt,
  released,
  requested,
  started,
} from "../../specification/delivery-story.ts";

function fold(...events: DeliveryEvent[]): Delivery | null {
  return events.reduce<Delivery | null>(evolveDelivery, null);
}

describe("the fold of a delivery", () => {
  it("is due at once when it was requested", () => {
    expect(fold(requested())).toMatchObject({
      deliveryId: DELIVERY_ID,
      payload: '{"order": 1}',
      status: "PENDING",
      round: 1,
      attempts: 0,
      underWay: null,
      dueAt: at(0),
    });
  });

  it("is due when the lease ends while an attempt is under way", () => {
    const leaseUntil = new Date(msAt(0) + LEASE_MS).toISOString();
    expect(fold(requested(), started(1, 0))).toMatchObject({ underWay: claim(1, 0), dueAt: leaseUntil, attempts: 0 });
  });

  it("is due again when a claim was given back, and counts no attempt", () => {
    expect(fold(requested(), started(1, 0), released(1, 2))).toMatchObject({
      status: "PENDING",
      attempts: 0,
      underWay: null,
      dueAt: at(2),
    });
  });

  it("is due at the next attempt's time after a failure", () => {
    expect(fold(requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) }))).toMatchObject({
      status: "PENDING",
      attempts: 1,
      underWay: null,
      dueAt: at(61),
    });
  });

  it("is never due again once it was delivered", () => {
    expect(fold(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED))).toMatchObject({
      status: "SUCCESS",
      attempts: 1,
      dueAt: null,
    });
  });

  it("is never due again once it failed for good", () => {
    const events = [requested(), started(1, 0), attempted(1, 0, 1, { errorCode: "gone" }), failed(1, "gone")];
    expect(fold(...events)).toMatchObject({ status: "FAILED", underWay: null, dueAt: null });
  });

  it("has no due time while it is held, and keeps its attempts", () => {
    const failure = [requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) })];
    expect(fold(...failure, held(61))).toMatchObject({ status: "PENDING", held: true, attempts: 1, dueAt: null });
    expect(fold(...failure, held(61), letGo(70, 75))).toMatchObject({ held: false, attempts: 1, dueAt: at(75) });
    expect(fold(...failure, held(61), failed(62, "gone"))).toMatchObject({
      status: "FAILED",
      held: false,
      dueAt: null,
    });
  });

  it("is never due again once it was canceled", () => {
    expect(fold(requested(), canceled(1))).toMatchObject({ status: "CANCELED", dueAt: null });
    expect(fold(requested(), held(1), canceled(2))).toMatchObject({ status: "CANCELED", held: false, dueAt: null });
  });

  it("refuses a stream that begins in the middle, or begins twice", () => {
    expect(() => fold(started(1, 0))).toThrow("never requested");
    expect(() => fold(requested(), requested())).toThrow("requested once");
  });

  it("has a stream of its own", () => {
    expect(deliveryStream(DELIVERY_ID)).toBe(`delivery-${DELIVERY_ID}`);
  });
});
