import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../../src/events/store/position.ts";
import { checkpointOf, storedCheckpoint } from "../../../../../src/projections/store/mongodb/checkpoints.ts";

const CHECKPOINT = { name: "users@1", position: positionOf(5), eventId: "event-5", searchedTo: positionOf(9) };

describe("a checkpoint in MongoDB", () => {
  it("comes back as it was stored", () => {
    expect(checkpointOf(storedCheckpoint(CHECKPOINT))).toEqual(CHECKPOINT);
  });

  it("goes on at its position where an older version wrote it", () => {
    const stored = { _id: "users@1", position: positionOf(5), event_id: "event-5" };
    expect(checkpointOf(stored)).toEqual({ ...CHECKPOINT, searchedTo: positionOf(5) });
  });

  it("resumes at its position when an instance of an older version moved it further", () => {
    const stored = { ...storedCheckpoint(CHECKPOINT), position: positionOf(12), event_id: "event-12" };
    expect(checkpointOf(stored)).toMatchObject({ position: positionOf(12), searchedTo: positionOf(12) });
  });
});
