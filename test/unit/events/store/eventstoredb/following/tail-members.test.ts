import { describe, expect, it } from "vitest";
import { LogReplaced } from "../../../../../../src/events/store/event-store-errors.ts";
import { TailMembers } from "../../../../../../src/events/store/eventstoredb/following/tail-members.ts";
import type { FoundEvent } from "../../../../../../src/events/store/eventstoredb/wire/recorded-event.ts";
import { positionOf } from "../../../../../../src/events/store/position.ts";

function event(position: number): FoundEvent {
  return {
    position: positionOf(position),
    stream: "user-1",
    type: "SomethingHappened",
    id: `${position}`,
    bytes: 2,
    recorded: () => expect.fail(),
  };
}

describe("those who share the end of the log", () => {
  it("are covered once the subscription asks for what they want, and stay so", () => {
    const members = new TailMembers();
    const [users, more, all] = [members.join(["user"]), members.join(["user", "endpoint"]), members.join(undefined)];
    expect([users, more, all].map((member) => members.covers(member))).toEqual([false, false, false]);
    members.leave(all);
    members.ask();
    expect(members.asked).toEqual(["user", "endpoint"]);
    expect([users, more, all].map((member) => members.covers(member))).toEqual([true, true, false]);
    members.join(undefined);
    expect(members.covers(users)).toBe(true);
    members.ask();
    expect(members.asked).toBeUndefined();
    expect(members.covers(all)).toBe(true);
    members.forget();
    expect(members.covers(users)).toBe(false);
  });

  it("know the latest event that any of them has taken", () => {
    const members = new TailMembers();
    const [first, second] = [members.join(["user"]), members.join(["user"])];
    expect(members.last).toBeNull();
    first.last = event(3);
    expect(members.last).toMatchObject({ id: "3" });
    second.last = event(9);
    expect(members.last).toMatchObject({ id: "9" });
    members.leave(second);
    expect(members.last).toMatchObject({ id: "3" });
  });

  it("end together when the log is another one", () => {
    const members = new TailMembers();
    const both = [members.join(["user"]), members.join(undefined)];
    const failure = new LogReplaced(positionOf(3));
    members.fail(failure);
    expect(both.map((member) => member.failure)).toEqual([failure, failure]);
    expect(members.size).toBe(0);
  });
});
