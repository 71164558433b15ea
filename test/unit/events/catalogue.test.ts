import { describe, expect, it } from "vitest";
import { readEvent, readStreamEvent } from "../../../src/events/catalogue.ts";
import type { RecordedEvent } from "../../../src/events/store/event-store.ts";
import { UnreadableEvent } from "../../../src/events/store/event-store-errors.ts";
import {
  attempted,
  canceled,
  DELIVERY_ID,
  failed,
  held,
  letGo,
  released,
  requested,
  started,
} from "../../specification/delivery-story.ts";
import { recorded } from "../../specification/recorded.ts";

const STREAM = `delivery-${DELIVERY_ID}`;

/** What the reader says of the event, which stands at revision 4 of its stream. */
function refusalOf(changes: Partial<RecordedEvent>): UnreadableEvent {
  const event = { ...recorded(STREAM, requested(), 9, 4), ...changes };
  try {
    readEvent(event);
  } catch (error) {
    if (error instanceof UnreadableEvent) return error;
    throw error;
  }
  throw new Error("the event was read");
}

describe("the catalogue of events", () => {
  it("reads every event of a delivery as it was written", () => {
    const story = [
      requested(),
      started(1, 0),
      released(1, 1),
      attempted(1, 2, 3),
      failed(3, "gone"),
      held(1),
      letGo(2, 3),
      canceled(4),
    ];
    for (const event of story) {
      const read = readEvent(recorded(STREAM, event));
      expect({ type: read.type, data: read.data }).toEqual(event);
    }
  });

  it("reads an attempt of version 1 as one of one connection", () => {
    const { connections, ...data } = attempted(1, 2, 3, { connections: 2 }).data;
    const event = recorded(STREAM, attempted(1, 2, 3));
    const old = { ...event, data, metadata: { ...event.metadata, schemaVersion: 1 } } as RecordedEvent;
    expect(connections).toBe(2);
    expect(readEvent(old).data).toEqual({ ...data, connections: 1 });
  });

  it("reads a request of version 1 as one without a reference", () => {
    const { reference, ...data } = requested().data;
    const event = recorded(STREAM, requested());
    const old = { ...event, data, metadata: { ...event.metadata, schemaVersion: 1 } } as RecordedEvent;
    expect(reference).toBeNull();
    expect(readEvent(old).data).toEqual({ ...data, reference: null });
    const withOne = { ...requested(), data: { ...requested().data, reference: "order 42" } };
    expect(readEvent(recorded(STREAM, withOne)).data).toEqual(withOne.data);
  });

  it("keeps the event's place, id and metadata", () => {
    const event = recorded(STREAM, requested(), 9, 4);
    expect(readEvent(event)).toEqual(event);
  });

  it.each([
    ["of an unknown type", { type: "DeliveryTeleported" }, "its type DeliveryTeleported is not in this version's"],
    ["named like a method of every object", { type: "toString" }, "its type toString is not in this version's"],
    ["without data", { data: null }, "DeliveryRequested"],
    ["with a field missing", { data: { ...requested().data, payload: undefined } }, "DeliveryRequested.payload"],
    ["with a field of another type", { data: { ...requested().data, userId: "3" } }, "DeliveryRequested.userId"],
    [
      "with a time that is none",
      { data: { ...requested().data, requestedAt: "yesterday" } },
      "DeliveryRequested.requestedAt",
    ],
  ])("refuses an event %s, naming its stream and revision", (_case, changes, reason) => {
    const refusal = refusalOf(changes);
    expect(refusal).toMatchObject({ code: "unreadable_event", stream: STREAM, revision: "00000000000000000004" });
    expect(refusal.reason).toContain(reason);
    expect(refusal.message).toContain(STREAM);
  });

  it.each([2, 0, -1, 1.5, "1", undefined])("refuses the schema version %s of a type that has version 1", (version) => {
    const { type, data, metadata } = recorded(STREAM, started(1, 0));
    const refusal = refusalOf({ type, data, metadata: { ...metadata, schemaVersion: version as number } });
    expect(refusal.reason).toMatch(/schema version .*; this version knows 1 to 1/);
    expect(refusal.stream).toBe(STREAM);
  });

  it("refuses an event that another program wrote without any metadata", () => {
    expect(refusalOf({ metadata: null as never }).reason).toContain("schema version none");
  });
});

describe("an event of a stream that is folded", () => {
  it("is read as it was written", () => {
    const event = recorded(STREAM, requested());
    expect(readStreamEvent(event)).toEqual(readEvent(event));
  });

  it.each(["endpoint-1", "user-1", "deliveries-1", "nothing", "-"])(
    "is refused in %s, where it does not belong",
    (stream) => {
      expect(() => readStreamEvent(recorded(stream, requested()))).toThrow(
        "DeliveryRequested does not belong in a stream",
      );
    },
  );
});
