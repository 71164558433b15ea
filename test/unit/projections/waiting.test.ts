import { describe, expect, it } from "vitest";
import { positionOf } from "../../../src/events/store/position.ts";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import { deliveries } from "../../../src/projections/deliveries.ts";
import { deliveriesById } from "../../../src/projections/delivery-queries.ts";
import { dueDeliveries, dueOf } from "../../../src/projections/due-deliveries.ts";
import { heldDeliveries, heldOf } from "../../../src/projections/held-deliveries.ts";
import { isUnderWay, waitingOf, waitingWithoutList } from "../../../src/projections/waiting.ts";
import type { Waiting } from "../../../src/projections/waiting.ts";
import {
  at,
  attempted,
  canceled,
  DELIVERED,
  DELIVERY_ID,
  failed,
  held,
  letGo,
  released,
  requested,
  started,
} from "../../specification/delivery-story.ts";
import { filled } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

/** Why the delivery of these events waits at that second. */
async function waiting(
  seconds: number,
  events: readonly GatewayEvent[],
  pausedAt?: number,
  isDisabled = false,
): Promise<Waiting | null> {
  const log = [logOf(events.map((event) => [`delivery-${DELIVERY_ID}`, event] as const))];
  const due = await dueOf(await filled(dueDeliveries, log), [DELIVERY_ID]);
  const heldOnes = await heldOf(await filled(heldDeliveries, log), [DELIVERY_ID]);
  const entry = due.get(DELIVERY_ID) ?? heldOnes.get(DELIVERY_ID);
  if (entry === undefined) return null;
  return waitingOf(entry, pausedAt === undefined ? null : { since: at(pausedAt) }, isDisabled, at(seconds));
}

describe("what a delivery waits for", () => {
  const retry = [requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) })];

  it("is a slot once it is due", async () => {
    expect(await waiting(0, [requested()])).toEqual({ for: "slot", since: at(0) });
    expect(await waiting(5, [requested(), started(1, 0), released(1, 2)])).toEqual({ for: "slot", since: at(2) });
    expect(await waiting(61, retry)).toEqual({ for: "slot", since: at(61) });
    expect(await waiting(10, [requested(), held(1), letGo(2, 9)])).toEqual({ for: "slot", since: at(9) });
  });

  it("is its due time until then, since the last attempt ended or it was let go", async () => {
    expect(await waiting(60, retry)).toEqual({ for: "due_time", since: at(1) });
    expect(await waiting(8, [requested(), held(1), letGo(2, 9)])).toEqual({ for: "due_time", since: at(2) });
  });

  it("is nothing while an attempt is under way, and a slot when its lease has passed", async () => {
    expect(await waiting(29, [requested(), started(1, 0)])).toEqual({ for: null, since: at(0) });
    expect(await waiting(30, [requested(), started(1, 0)])).toEqual({ for: "slot", since: at(30) });
  });

  it("is its endpoint while it is held", async () => {
    expect(await waiting(99, [...retry, held(61)])).toEqual({ for: "endpoint_disabled", since: at(61) });
  });

  it("is the end of the pause that covers it, but for an attempt that is under way", async () => {
    for (const events of [[requested()], retry, [...retry, held(61)]]) {
      expect(await waiting(70, events, 65)).toEqual({ for: "paused", since: at(65) });
    }
    expect(await waiting(10, [requested(), started(1, 0)], 5)).toEqual({ for: null, since: at(0) });
  });

  it("is what keeps it now, whatever it was held for", async () => {
    const heldByPause = { type: "DeliveryHeld", data: { ...held(1).data, reason: "paused" } } as const;
    expect(await waiting(5, [requested(), heldByPause])).toEqual({ for: "paused", since: at(1) });
    expect(await waiting(5, [requested(), heldByPause], undefined, true)).toEqual({
      for: "endpoint_disabled",
      since: at(1),
    });
  });

  it("is never said to have begun before the delivery itself", async () => {
    expect(await waiting(70, [...retry, held(61)], 0)).toEqual({ for: "paused", since: at(61) });
  });

  it("is nothing that a delivery has which ended", async () => {
    expect(await waiting(99, [requested(), started(1, 0), attempted(1, 0, 1, DELIVERED)])).toBeNull();
    expect(await waiting(99, [requested(), started(1, 0), attempted(1, 0, 1), failed(1, "gone")])).toBeNull();
    expect(await waiting(99, [requested(), held(1), canceled(2)])).toBeNull();
  });
});

describe("a lease", () => {
  const due = { _id: DELIVERY_ID, position: positionOf(1), endpoint_id: 7, due_at: at(30), since: at(0) };

  it("says until when an attempt is under way, exclusive", () => {
    expect(isUnderWay({ ...due, under_way_since: at(0) }, at(29.999))).toBe(true);
    expect(isUnderWay({ ...due, under_way_since: at(0) }, at(30))).toBe(false);
    expect(isUnderWay({ ...due, under_way_since: null }, at(0))).toBe(false);
  });
});

describe("without the to-do list", () => {
  it("only a due time in the future says what a delivery waits for", async () => {
    const of = async (...events: GatewayEvent[]) => {
      const log = [logOf(events.map((event) => [`delivery-${DELIVERY_ID}`, event] as const))];
      return (await deliveriesById(await filled(deliveries, log), [DELIVERY_ID])).get(DELIVERY_ID)!;
    };
    const retry = await of(requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) }));
    expect(waitingWithoutList(retry, null, at(60))).toBe("due_time");
    // It may be under way.
    expect(waitingWithoutList(retry, null, at(61))).toBeNull();
    expect(waitingWithoutList(await of(requested(), held(1)), null, at(2))).toBeNull();
    expect(waitingWithoutList(await of(requested(), held(1)), { since: at(1) }, at(2))).toBe("paused");
    expect(waitingWithoutList(await of(requested(), attempted(1, 0, 1, DELIVERED)), null, at(2))).toBeNull();
  });
});
