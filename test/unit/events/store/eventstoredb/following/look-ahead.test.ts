import { describe, expect, it } from "vitest";
import { LogReplaced, StoreUnavailable } from "../../../../../../src/events/store/event-store-errors.ts";
import { lookAhead } from "../../../../../../src/events/store/eventstoredb/following/look-ahead.ts";
import { refuseAnotherLog } from "../../../../../../src/events/store/eventstoredb/reading/same-log.ts";
import type { FoundEvent } from "../../../../../../src/events/store/eventstoredb/wire/recorded-event.ts";
import { positionOf } from "../../../../../../src/events/store/position.ts";
import type { Position } from "../../../../../../src/events/store/position.ts";

function event(position: number, stream: string | null = null): FoundEvent {
  return {
    position: positionOf(position),
    stream,
    id: `id-${position}`,
    type: "SomethingHappened",
    bytes: 2,
    recorded: () => {
      throw new Error("not here");
    },
  };
}

function readerOf(
  events: readonly FoundEvent[],
): Parameters<typeof lookAhead>[0] & Parameters<typeof refuseAnotherLog>[0] {
  return {
    end: async () => events.at(-1) ?? null,
    firstAfter: async (place: Position | null) =>
      events.find(({ stream, position }) => stream !== null && position > (place ?? "")) ?? null,
    at: async (position: Position) => events.find((one) => one.position === position) ?? null,
  };
}

describe("a look ahead", () => {
  it("gives the end of the log where only others wrote, and null for an empty log", async () => {
    expect(await lookAhead(readerOf([]), null, ["w."])).toBeNull();
    expect(await lookAhead(readerOf([event(1), event(5)]), null, ["w."])).toBe(positionOf(5));
    expect(await lookAhead(readerOf([event(1, "user-1"), event(5)]), positionOf(1), ["w."])).toBe(positionOf(5));
    expect(await lookAhead(readerOf([event(1, "user-1")]), positionOf(1), ["w."])).toBe(positionOf(1));
  });

  it("says that an event is due", async () => {
    expect(await lookAhead(readerOf([event(1), event(5, "user-1"), event(6)]), positionOf(1), ["w."])).toBe("due");
  });

  it.each([[[]], [[event(1, "user-1"), event(3)]]])("refuses a log that ends before the place", async (events) => {
    await expect(lookAhead(readerOf(events), positionOf(5), ["w."])).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe("the events by which a log is recognised", () => {
  it("are there in the same log", async () => {
    const events = [event(1, "user-1"), event(5, "user-1")];
    await refuseAnotherLog(readerOf(events), [null, ...events]);
    await refuseAnotherLog(readerOf([]), [null]);
  });

  it("are missing or different in another", async () => {
    await expect(refuseAnotherLog(readerOf([event(1)]), [event(1), event(5)])).rejects.toBeInstanceOf(LogReplaced);
    const other = { ...event(5), id: "another" };
    await expect(refuseAnotherLog(readerOf([event(1), other]), [event(5)])).rejects.toBeInstanceOf(LogReplaced);
  });
});
