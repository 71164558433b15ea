import { describe, expect, it } from "vitest";
import { FollowerPlace } from "../../../../src/events/eventstoredb/follower-place.ts";
import { positionOf } from "../../../../src/events/position.ts";

const at = (position: number): { position: ReturnType<typeof positionOf>; id: string } => ({
  position: positionOf(position),
  id: `event-${position}`,
});

describe("the place of a follower", () => {
  it("is before everything at first, the event at position 0 included", () => {
    const place = new FollowerPlace(null);
    expect(place.next).toBeNull();
    expect(place.isBefore(positionOf(0))).toBe(true);
    place.handle(at(0));
    expect(place.isBefore(positionOf(0))).toBe(false);
    expect(place.next).toEqual({ commit: 0n, prepare: 0n });
  });

  it("goes on behind the last event that was handled or passed over", () => {
    const place = new FollowerPlace(positionOf(10));
    place.handle(at(20));
    place.passOver(positionOf(30));
    expect(place.position).toBe(positionOf(30));
    expect(place.handled).toEqual(at(20));
    expect(place.next).toEqual({ commit: 30n, prepare: 30n });
  });

  it("moves to an event that the server names as its checkpoint", () => {
    const place = new FollowerPlace(positionOf(10));
    place.reach({ commit: 20n, prepare: 20n });
    expect(place.position).toBe(positionOf(20));
    expect(place.isExact).toBe(true);
  });

  it("has not passed the event that begins where a checkpoint between two events stands", () => {
    const place = new FollowerPlace(positionOf(10));
    place.reach({ commit: 20n, prepare: 0n });
    expect(place.position).toBe(positionOf(10));
    expect(place.isExact).toBe(false);
    expect(place.isBefore(positionOf(19))).toBe(false);
    expect(place.isBefore(positionOf(20))).toBe(true);
    expect(place.next).toEqual({ commit: 20n, prepare: 0n });
    place.handle(at(20));
    expect(place.position).toBe(positionOf(20));
    expect(place.isExact).toBe(true);
  });

  it("never goes back", () => {
    const place = new FollowerPlace(positionOf(10));
    place.reach({ commit: 5n, prepare: 5n });
    place.reach({ commit: 10n, prepare: 0n });
    expect(place.position).toBe(positionOf(10));
    expect(place.isExact).toBe(true);
    place.passOver(positionOf(3));
    expect(place.position).toBe(positionOf(10));
  });
});
