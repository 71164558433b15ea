import { describe, expect, it } from "vitest";
import { evolveReservation } from "../../../src/events/reservation.ts";
import type { ReservationEvent } from "../../../src/events/reservation.ts";
import { revisionOf } from "../../../src/events/store/position.ts";
import { at } from "../../specification/delivery-story.ts";

const reserved: ReservationEvent = { type: "ValueReserved", data: { owner: "user-1", reservedAt: at(0) } };
const freed: ReservationEvent = { type: "ValueReleased", data: { owner: "user-1", releasedAt: at(1) } };

describe("the fold of a reservation", () => {
  it("is held by its owner after it was reserved", () => {
    const revision = revisionOf(2);
    expect(evolveReservation(reserved, revision)).toEqual({
      kind: "held",
      revision,
      owner: "user-1",
      reservedAt: at(0),
    });
  });

  it("is free after it was released, at the revision that the next reservation must expect", () => {
    expect(evolveReservation(freed, revisionOf(3))).toEqual({ kind: "free", revision: revisionOf(3) });
  });
});
