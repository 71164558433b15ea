import { describe, expect, it } from "vitest";
import { UnreadableEvent } from "../../../../src/events/event-store-errors.ts";
import { recordedEventOf } from "../../../../src/events/eventstoredb/recorded-event.ts";
import {
  placeOf,
  serverPlaceOf,
  serverRevisionOf,
  streamFilter,
} from "../../../../src/events/eventstoredb/server-place.ts";
import { positionOf, revisionOf } from "../../../../src/events/position.ts";
import { resolvedEvent } from "./resolved-event.ts";

describe("an event of the server", () => {
  it("is given with its position, revision and time", () => {
    expect(recordedEventOf(resolvedEvent("user-1", 7n))).toEqual({
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

  it("keeps data that is no JSON and metadata that is missing for its reader to refuse", () => {
    const event = recordedEventOf(resolvedEvent("user-1", 7n, { data: "{broken", metadata: undefined }));
    expect(event).toMatchObject({ data: "{broken", metadata: undefined });
  });

  it("is refused when it shares its position with others, and passed over when it is nobody's of ours", () => {
    expect(() => recordedEventOf(resolvedEvent("user-1", 7n, { prepare: 5n }))).toThrow(UnreadableEvent);
    expect(recordedEventOf(resolvedEvent("$stats-1", 7n, { prepare: 5n }))).toMatchObject({ position: positionOf(7) });
  });

  it("is nothing when its link leads nowhere", () => {
    expect(recordedEventOf({})).toBeNull();
  });
});

describe("the server's places", () => {
  it.each([0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])("are the port's, exactly: %s", (commit) => {
    expect(serverPlaceOf(placeOf({ commit, prepare: commit }))).toEqual({ commit, prepare: commit });
    expect(serverRevisionOf(revisionOf(commit))).toBe(commit);
  });

  it("are no positions between two events", () => {
    expect(() => placeOf({ commit: 7n, prepare: 0n })).toThrow(RangeError);
  });
});

describe("the filter of streams", () => {
  it("takes all categories but the server's own streams and those of other names", () => {
    const streams = ["user-1", "other-a-b", "$stats-1", "$$user-1", "$ce-user", "user", "-1", "User-1", "user-"];
    expect(streams.filter(streamFilter(undefined))).toEqual(["user-1", "other-a-b"]);
  });

  it("takes whole categories, not what only begins like one", () => {
    const streams = ["user-1", "username-1", "use-1", "user-name-1"];
    expect(streams.filter(streamFilter(["user"]))).toEqual(["user-1", "user-name-1"]);
    expect(streams.filter(streamFilter([]))).toEqual([]);
  });
});
