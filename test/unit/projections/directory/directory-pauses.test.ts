import { describe, expect, it } from "vitest";
import { EVERYTHING, scopeOfUser } from "../../../../src/events/pause.ts";
import { Directory } from "../../../../src/projections/directory/directory.ts";
import { pauses } from "../../../../src/projections/pauses.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import { ProjectionWorld } from "../../../fixtures/projections/projection-world.ts";
import { at } from "../../../specification/delivery-story.ts";
import { deleted, registered } from "../../../specification/endpoint-story.ts";
import { paused, resumed } from "../../../specification/pause-story.ts";

const ENDPOINT = { endpoint_id: 7, user_id: 3 };

/** A directory that runs until the scope ends. */
function startDirectory(world: ProjectionWorld) {
  const abort = new AbortController();
  const directory = new Directory(world.log, world.documents, world.clock);
  const ended = directory.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  return { directory, stop };
}

/** A world whose read models have endpoint 7 of user 3, and a pause of everything, in them. */
async function pausedWorld(): Promise<ProjectionWorld> {
  const world = new ProjectionWorld();
  await world.append("endpoint-7", registered());
  await world.append("pause-all", paused(1));
  const runners = world.start();
  await world.caughtUp(runners);
  await runners.stop();
  return world;
}

describe("the directory", () => {
  it("knows the pauses of the read model and those after them, and when they end", async () => {
    const world = await pausedWorld();
    const { directory, stop } = startDirectory(world);
    await world.append("pause-user.3", paused(2, scopeOfUser(3)));
    await world.clock.advance(1_000);
    expect(directory.pauseOf(ENDPOINT)).toMatchObject({ scope: "all", since: at(1) });
    expect(directory.pauses.counts).toEqual({ all: 1, user: 1, endpoint: 0 });
    let changes = 0;
    directory.onEndpointStateChange(() => (changes += 1));
    await world.append("pause-all", resumed(3));
    await world.clock.advance(1_000);
    expect(directory.pauseOf(ENDPOINT)).toMatchObject({ scope: "user", since: at(2) });
    expect(changes).toBe(1);
    await stop();
  });

  it("knows the pauses of a log whose read model of them is not made yet", async () => {
    const world = await pausedWorld();
    await world.documents.drop(collectionOf(pauses), checkpointNameOf(pauses));
    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    expect(directory.pauseOf(ENDPOINT)).toMatchObject({ scope: "all" });
    await stop();
  });

  it("ends the pause of an endpoint with it", async () => {
    const world = new ProjectionWorld();
    await world.append("endpoint-7", registered());
    await world.append("pause-endpoint.7", paused(1, { scope: "endpoint", userId: null, endpointId: 7 }));
    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    expect(directory.pauseOf(ENDPOINT)).not.toBeNull();
    await world.append("endpoint-7", deleted(2));
    await world.clock.advance(1_000);
    expect(directory.pauses.all).toEqual([]);
    await stop();
  });

  it("never takes a pause for ended while it reads older read models again after a failure", async () => {
    const world = new ProjectionWorld();
    await world.append("endpoint-7", registered());
    await world.append("pause-all", paused(1), resumed(2));
    const runners = world.start();
    await world.caughtUp(runners);
    await runners.stop();
    await world.append("pause-all", paused(3, EVERYTHING, "later"));

    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    expect(directory.pauseOf(ENDPOINT)).toMatchObject({ reason: "later" });
    await stop();
    world.log.subscribe = () => {
      throw new Error("the log is down");
    };
    // The models are loaded, and what came after them is not read.
    await expect(directory.run(new AbortController().signal)).rejects.toThrow("the log is down");
    expect(directory.pauseOf(ENDPOINT)).toMatchObject({ reason: "later" });
  });
});
