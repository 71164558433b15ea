import { describe, expect, it } from "vitest";
import { RecentEvents } from "../../../../../../src/events/store/eventstoredb/following/recent-events.ts";
import type { FoundEvent } from "../../../../../../src/events/store/eventstoredb/wire/recorded-event.ts";
import { positionOf } from "../../../../../../src/events/store/position.ts";

function event(position: number, bytes = 10): FoundEvent {
  return {
    position: positionOf(position),
    stream: "user-1",
    type: "SomethingHappened",
    id: `${position}`,
    bytes,
    recorded: () => {
      throw new Error("not here");
    },
  };
}

describe("the latest events of a log", () => {
  it("are given one after the other, from any place", () => {
    const recent = new RecentEvents(positionOf(10));
    for (const position of [20, 30, 40]) recent.add(event(position));
    expect(recent.next(positionOf(10))).toMatchObject({ id: "20" });
    expect(recent.next(positionOf(20))).toMatchObject({ id: "30" });
    expect(recent.next(positionOf(25))).toMatchObject({ id: "30" });
    expect(recent.next(positionOf(40))).toBeNull();
    expect(recent.next(positionOf(99))).toBeNull();
  });

  it("are gone for a follower that is further back than they reach", () => {
    const recent = new RecentEvents(positionOf(10));
    expect(recent.next(null)).toBe("gone");
    expect(recent.next(positionOf(9))).toBe("gone");
    const all = new RecentEvents(null);
    expect(all.next(null)).toBeNull();
    all.add(event(5));
    expect(all.next(null)).toMatchObject({ id: "5" });
  });

  it("are bounded in number, the oldest given up first", () => {
    const recent = new RecentEvents(null);
    for (let position = 1; position <= 10_000; position += 1) recent.add(event(position));
    expect(recent.start).toBe(positionOf(10_000 - 4_096));
    expect(recent.next(recent.start)).toMatchObject({ id: `${10_000 - 4_095}` });
    expect(recent.next(positionOf(1))).toBe("gone");
    for (const position of [6_000, 9_000, 9_999]) {
      expect(recent.next(positionOf(position))).toMatchObject({ id: `${position + 1}` });
    }
  });

  it("are bounded in bytes", () => {
    const recent = new RecentEvents(null);
    for (let position = 1; position <= 40; position += 1) recent.add(event(position, 1024 * 1024));
    expect(recent.start).toBe(positionOf(24));
  });
});
