import { describe, expect, it } from "vitest";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import { deliveries } from "../../../../src/projections/deliveries.ts";
import { dueDeliveries } from "../../../../src/projections/due-deliveries.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import type { AnyProjection } from "../../../../src/projections/projection.ts";
import { LiveDocuments } from "../../../../src/projections/rebuilding/live-documents.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import { loadGenerations } from "../../../../src/projections/rebuilding/generations.ts";
import type { GuardedWrite } from "../../../../src/projections/store/document-store.ts";
import { ProjectionWorld } from "../../../fixtures/projections/projection-world.ts";
import type { Runners } from "../../../fixtures/projections/projection-world.ts";
import { DELIVERY_ID, DELIVERED, attempted, requested, started } from "../../../specification/delivery-story.ts";
import { contentsOf } from "../../../specification/projection.ts";

const STREAM = deliveryStream(DELIVERY_ID);
const OTHER_ID = "0198f1a2-0000-7000-8000-000000000002";
/** As long as an old generation stays after a switch, and a little more. */
const RETIREMENT_MS = 11_000;
const MODELS = [deliveries, dueDeliveries] as readonly AnyProjection[];

async function filledWorld(): Promise<ProjectionWorld> {
  const world = new ProjectionWorld();
  await world.append(STREAM, requested(), started(1, 0));
  await world.append(deliveryStream(OTHER_ID), requested(0, OTHER_ID));
  return world;
}

/** Lets time pass until the generation of this generation is shown. */
async function switched(world: ProjectionWorld, runners: Runners, generation: number): Promise<void> {
  for (let step = 0; step < 200 && runners.live.get("deliveries")?.generation !== generation; step++) {
    await world.clock.advance(50);
  }
  expect(runners.live.get("deliveries")).toEqual({ version: deliveries.version, generation });
}

const second = { ...deliveries, generation: 1 };

describe("a rebuild", () => {
  it("makes the same documents beside the live ones, switches, and removes the old ones", async () => {
    const world = await filledWorld();
    const runners = world.start(world.documents, MODELS);
    await world.caughtUp(runners);
    const before = await digestOf(world.documents, deliveries);

    expect(await runners.host.rebuild("deliveries")).toBe("begun");
    expect(await runners.host.rebuild("deliveries")).toBe("already_running");
    await switched(world, runners, 1);
    expect(await digestOf(world.documents, second)).toBe(before);
    expect(runners.rebuilds.at(-1)).toEqual(["deliveries", null]);
    expect(runners.rebuilds.some(([, status]) => status?.comparison?.differing === 0)).toBe(true);

    // The old generation stays for those who are in the middle of it.
    expect(await contentsOf(deliveries, world.documents)).toHaveLength(2);
    await world.clock.advance(RETIREMENT_MS);
    expect(await contentsOf(deliveries, world.documents)).toEqual([]);
    expect(await world.documents.checkpoint(checkpointNameOf(deliveries))).toBeNull();
    // The new one follows the log.
    await world.append(STREAM, attempted(1, 0, 1, DELIVERED));
    await world.caughtUp(runners);
    expect(await contentsOf(second, world.documents)).toMatchObject([{ status: "SUCCESS" }, { status: "PENDING" }]);
    expect((await loadGenerations(world.documents, [deliveries])).get("deliveries")).toMatchObject({
      live: { generation: 1 },
      building: null,
      retired: [],
    });
    await runners.stop();
    expect(world.clock.timers).toBe(0);
  });

  it("never shows less than was shown before, while the log grows all the time", async () => {
    const world = await filledWorld();
    const runners = world.start(world.documents, MODELS);
    await world.caughtUp(runners);
    const readers = LiveDocuments.overNew(world.documents, MODELS);
    let shown = "";
    await runners.host.rebuild("deliveries");
    for (let n = 0; n < 60; n++) {
      await world.append(
        deliveryStream(`${OTHER_ID.slice(0, -2)}${n + 10}`),
        requested(0, `${OTHER_ID.slice(0, -2)}${n + 10}`),
      );
      await world.clock.advance(40);
      const generationId = runners.live.get("deliveries");
      if (generationId !== undefined) readers.switchTo("deliveries", generationId);
      let furthest = "";
      for await (const { position } of readers.scan(collectionOf(deliveries))) {
        if (position > furthest) furthest = position;
      }
      expect(furthest >= shown, `${furthest} after ${shown}`).toBe(true);
      shown = furthest;
    }
    expect(runners.live.get("deliveries")?.generation).toBe(1);
    await runners.stop();
  });

  it("goes on where it was when the process ended in the middle", async () => {
    const world = await filledWorld();
    const first = world.start(world.documents, MODELS);
    await world.caughtUp(first);
    const write = world.documents.write.bind(world.documents);
    world.documents.write = (collection, writes: readonly GuardedWrite[], checkpoint) =>
      collection.name === collectionOf(second).name
        ? new Promise(() => undefined)
        : write(collection, writes, checkpoint);
    await first.host.rebuild("deliveries");
    await world.clock.settle();
    // As a killed process: it never comes back.
    world.documents.write = write;
    const next = world.start(world.documents, MODELS);
    await switched(world, next, 1);
    expect(await contentsOf(second, world.documents)).toHaveLength(2);
    await next.stop();
  });

  it("leaves no trace when it is cancelled", async () => {
    const world = await filledWorld();
    const runners = world.start(world.documents, MODELS);
    await world.caughtUp(runners);
    const load = world.documents.load.bind(world.documents);
    let hold = true;
    world.documents.load = async (collection, ids) => {
      while (hold && collection.name === collectionOf(second).name) {
        await new Promise<void>((resolve) => world.clock.schedule(10, resolve));
      }
      return load(collection, ids);
    };
    await runners.host.rebuild("deliveries");
    await world.clock.advance(100);
    const cancelled = runners.host.cancel("deliveries");
    hold = false;
    await world.clock.advance(100);
    expect(await cancelled).toBe("ended");
    expect(await runners.host.cancel("deliveries")).toBe("not_running");
    expect(await contentsOf(second, world.documents)).toEqual([]);
    expect(await world.documents.checkpoint(checkpointNameOf(second))).toBeNull();
    expect(runners.live.get("deliveries")).toEqual({ version: deliveries.version, generation: 0 });
    expect(runners.rebuilds.at(-1)).toEqual(["deliveries", null]);
    await runners.stop();
  });

  it("finds documents that something else changed, says how many, and fixes them", async () => {
    const world = await filledWorld();
    const runners = world.start(world.documents, MODELS);
    await world.caughtUp(runners);
    const [document] = await world.documents.load(collectionOf(deliveries), [DELIVERY_ID]);
    const wrong = { ...document!, status: "SUCCESS" };
    const write: GuardedWrite = { id: DELIVERY_ID, expected: document!.position, next: wrong };
    await world.documents.write(collectionOf(deliveries), [write], null);
    await runners.host.rebuild("deliveries");
    await switched(world, runners, 1);
    expect(runners.rebuilds.some(([, status]) => status?.comparison?.differing === 1)).toBe(true);
    expect(await contentsOf(second, world.documents)).toMatchObject([{ status: "PENDING" }, {}]);
    await runners.stop();
  });

  it("starts by itself when a fold has a new version, and shows the old generation until it is complete", async () => {
    const world = await filledWorld();
    const old = world.start(world.documents, MODELS);
    await world.caughtUp(old);
    await old.stop();

    const changed = { ...deliveries, version: deliveries.version + 1 };
    const next = world.start(world.documents, [changed, dueDeliveries] as readonly AnyProjection[]);
    await world.clock.settle();
    const firstShown = next.reported.find(({ name }) => name === "deliveries");
    expect(firstShown).toMatchObject({ version: deliveries.version, state: "outdated" });
    for (let step = 0; step < 100 && next.live.get("deliveries")?.version !== changed.version; step++)
      await world.clock.advance(50);
    expect(next.live.get("deliveries")).toMatchObject({ version: changed.version });
    expect(await contentsOf({ ...changed, ...next.live.get("deliveries") }, world.documents)).toHaveLength(2);
    await next.stop();
  });

  it("is refused for a projection that there is not", async () => {
    const world = await filledWorld();
    const runners = world.start(world.documents, MODELS);
    await world.clock.settle();
    expect(await runners.host.rebuild("nothing")).toBe("unknown_projection");
    expect(await runners.host.cancel("nothing")).toBe("unknown_projection");
    await runners.stop();
  });
});
