import { beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import type { Position } from "../../../../src/events/store/position.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { deliveries } from "../../../../src/projections/deliveries.ts";
import { dueDeliveries } from "../../../../src/projections/due-deliveries.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import type { AnyProjection } from "../../../../src/projections/projection.ts";
import { CheckpointMoves } from "../../../../src/projections/running/checkpoint-moves.ts";
import { ReadModelsUnavailable } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

const MODELS = [deliveries, dueDeliveries] as readonly AnyProjection[];

const place = (position: number, searchedTo: number) => ({
  position: positionOf(position),
  searchedTo: positionOf(searchedTo),
});

let clock: FakeClock;
let documents: MemoryDocumentStore;
let idAt: (position: Position) => Promise<string | null>;
let moves: CheckpointMoves;

beforeEach(async () => {
  clock = new FakeClock();
  documents = new MemoryDocumentStore();
  for (const model of MODELS) await documents.prepare(collectionOf(model));
  idAt = (position) => Promise.resolve(`event at ${Number(position)}`);
  moves = new CheckpointMoves({ idAt: (position) => idAt(position) }, documents, clock, positionOf(10));
});

/** How far each of the models has looked. */
async function searched(): Promise<(number | null)[]> {
  const found = await Promise.all(MODELS.map((model) => documents.checkpoint(checkpointNameOf(model))));
  return found.map((checkpoint) => (checkpoint === null ? null : Number(checkpoint.searchedTo)));
}

describe("moving checkpoints", () => {
  it("writes them at once, then every 5 s, and only when the place changed", async () => {
    await moves.caughtUp(MODELS, place(10, 10));
    expect(await searched()).toEqual([null, null]);
    await moves.caughtUp(MODELS, place(10, 15));
    expect(await documents.checkpoint(checkpointNameOf(deliveries))).toEqual({
      name: checkpointNameOf(deliveries),
      position: positionOf(10),
      eventId: "event at 10",
      searchedTo: positionOf(15),
    });
    await clock.advance(4_999);
    await moves.caughtUp(MODELS, place(20, 25));
    expect(await searched()).toEqual([15, 15]);
    await clock.advance(1);
    await moves.caughtUp(MODELS, place(20, 26));
    expect(await searched()).toEqual([26, 26]);
  });

  it("waits as long when the wall clock is set", async () => {
    await moves.caughtUp(MODELS, place(10, 15));
    for (const stepMs of [-3_600_000, 7_200_000]) {
      clock.jump(stepMs);
      await moves.caughtUp(MODELS, place(10, 16));
      expect(await searched()).toEqual([15, 15]);
    }
    await clock.advance(5_000);
    await moves.caughtUp(MODELS, place(10, 16));
    expect(await searched()).toEqual([16, 16]);
  });

  it("writes them at the end of a reading, whenever they were written last", async () => {
    await moves.caughtUp(MODELS, place(10, 15));
    await moves.finish(MODELS, place(10, 16));
    expect(await searched()).toEqual([16, 16]);
  });

  it("writes none where no event identifies the log", async () => {
    await moves.caughtUp(MODELS, { position: null, searchedTo: positionOf(15) });
    idAt = () => Promise.resolve(null);
    await moves.finish(MODELS, place(11, 15));
    expect(await searched()).toEqual([null, null]);
  });

  it("moves them over others' events, by the event that identified the log before", async () => {
    await moves.caughtUp(MODELS, place(10, 15));
    idAt = () => Promise.resolve(null);
    await moves.finish(MODELS, place(20, 20));
    expect(await searched()).toEqual([20, 20]);
    const moved = await documents.checkpoint(checkpointNameOf(deliveries));
    expect(moved).toMatchObject({ position: positionOf(10), eventId: "event at 10", searchedTo: positionOf(20) });
  });

  it("sets none back that another instance brought further", async () => {
    const ahead = { name: checkpointNameOf(deliveries), eventId: "event at 90", ...place(90, 95) };
    await documents.write(collectionOf(deliveries), [], ahead);
    await moves.finish(MODELS, place(10, 15));
    expect(await searched()).toEqual([95, 15]);
  });

  it.each([new StoreUnavailable("the log is down"), new ReadModelsUnavailable("the read models are down")])(
    "tries again 5 s later when a store does not answer ($message)",
    async (error) => {
      idAt = () => Promise.reject(error);
      await moves.caughtUp(MODELS, place(10, 15));
      idAt = () => Promise.resolve("the event");
      await clock.advance(4_999);
      await moves.caughtUp(MODELS, place(10, 15));
      expect(await searched()).toEqual([null, null]);
      await clock.advance(1);
      await moves.caughtUp(MODELS, place(10, 15));
      expect(await searched()).toEqual([15, 15]);
    },
  );

  it("keeps no other error to itself", async () => {
    idAt = () => Promise.reject(new TypeError("a mistake"));
    await expect(moves.finish(MODELS, place(10, 15))).rejects.toThrow("a mistake");
  });
});
