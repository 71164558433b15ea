import { describe, expect, it } from "vitest";
import {
  checkpointOf,
  placeOf,
  serverPlaceOf,
  serverRevisionOf,
} from "../../../../../../src/events/store/eventstoredb/wire/server-place.ts";
import { revisionOf } from "../../../../../../src/events/store/position.ts";

describe("the server's places", () => {
  it.each([0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])("are the port's, exactly: %s", (commit) => {
    expect(serverPlaceOf(placeOf({ commit, prepare: commit }))).toEqual({ commit, prepare: commit });
    expect(serverRevisionOf(revisionOf(commit))).toBe(commit);
  });

  it("are no positions between two events", () => {
    expect(() => placeOf({ commit: 7n, prepare: 0n })).toThrow(RangeError);
  });
});

describe("a checkpoint of the server", () => {
  it.each([
    ["a place", "7", "7", { commit: 7n, prepare: 7n }],
    ["the end of the searched part (23.10, 25.0.0)", "7", "0", { commit: 7n, prepare: 0n }],
    ["the beginning", "0", "0", { commit: 0n, prepare: 0n }],
    ["minus one, which is nothing so far (up to 24.10.4)", "18446744073709551615", "18446744073709551615", null],
  ])("may be %s", (_, commit, prepare, place) => {
    expect(checkpointOf(commit, prepare)).toEqual(place);
  });
});
