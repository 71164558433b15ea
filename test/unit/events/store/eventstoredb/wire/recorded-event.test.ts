import streams from "@eventstore/db-client/generated/streams_pb.js";
import { describe, expect, it } from "vitest";
import { UnreadableEvent } from "../../../../../../src/events/store/event-store-errors.ts";
import { StreamNames } from "../../../../../../src/events/store/eventstoredb/stream-names.ts";
import type { FoundEvent } from "../../../../../../src/events/store/eventstoredb/wire/recorded-event.ts";
import { readServerMessage } from "../../../../../../src/events/store/eventstoredb/wire/server-message.ts";
import { positionOf, revisionOf } from "../../../../../../src/events/store/position.ts";
import { caughtUpMessage, eventMessage } from "../../../../../fixtures/eventstoredb/client-messages.ts";

const names = new StreamNames("w.");

function foundEventOf(message: Uint8Array): FoundEvent | null {
  const said = readServerMessage(Buffer.from(message), names);
  return said.kind === "event" ? said.event : null;
}

describe("an event of the server", () => {
  it("is given with its position, revision and time, under the log's name of its stream", () => {
    const found = foundEventOf(eventMessage("w.user-1", 7n));
    expect(found).toMatchObject({ stream: "user-1", position: positionOf(7), bytes: 17 });
    expect(found?.recorded()).toEqual({
      id: "00000000-0000-4000-8000-000000000007",
      stream: "user-1",
      revision: revisionOf(7),
      position: positionOf(7),
      type: "SampleHappened",
      data: { text: "sample" },
      metadata: { actor: "anonymous" },
      recordedAt: "2026-01-02T03:04:05.006Z",
    });
  });

  it("is read once, however many ask for it", () => {
    const found = foundEventOf(eventMessage("w.user-1", 7n));
    expect(found?.recorded()).toBe(found?.recorded());
  });

  it("leaves invalid JSON and missing metadata for its reader to refuse", () => {
    const found = foundEventOf(eventMessage("w.user-1", 7n, { data: "{broken", metadata: "" }));
    expect(found?.recorded()).toMatchObject({ data: "{broken", metadata: undefined });
  });

  it("is refused when it shares its position with others", () => {
    const found = foundEventOf(eventMessage("w.user-1", 7n, { prepare: 5n }));
    expect(() => found?.recorded()).toThrow(UnreadableEvent);
  });

  it.each(["user-1", "$stats-1", "x.user-1"])("is only a place when it is in %s", (stream) => {
    const found = foundEventOf(eventMessage(stream, 7n, { data: "{broken" }));
    expect(found).toMatchObject({ stream: null, position: positionOf(7) });
    expect(() => found?.recorded()).toThrow(TypeError);
  });

  it("is nothing when the message is another one, or its link leads nowhere", () => {
    expect(foundEventOf(caughtUpMessage())).toBeNull();
    const link = new streams.ReadResp();
    link.setEvent(new streams.ReadResp.ReadEvent());
    expect(foundEventOf(link.serializeBinary())).toBeNull();
  });
});
