import { describe, expect, it } from "vitest";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import { deliveries } from "../../../../src/projections/deliveries.ts";
import { dueDeliveries } from "../../../../src/projections/due-deliveries.ts";
import { endpointStatistics } from "../../../../src/projections/endpoint-statistics/endpoint-statistics.ts";
import { PROJECTIONS } from "../../../../src/projections/read-models.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import { ProjectionWorld } from "../../../fixtures/projections/projection-world.ts";
import { at, attempted, DELIVERED, DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { contentsOf, filled } from "../../../specification/projection.ts";

const STREAM = deliveryStream(DELIVERY_ID);
const OLDER = PROJECTIONS.filter((projection) => projection !== endpointStatistics);

/** A world whose log was written, and folded to its end, by a program that did not know the statistics. */
async function olderWorld(): Promise<ProjectionWorld> {
  const world = new ProjectionWorld();
  await world.append(STREAM, requested(), started(1, 0), attempted(1, 0, 1));
  const runners = world.start(world.documents, OLDER);
  await world.caughtUp(runners);
  await runners.stop();
  return world;
}

describe("a read model that did not exist when the events were written", () => {
  it("is filled from the beginning of the log, and follows it from there", async () => {
    const world = await olderWorld();
    expect(await contentsOf(endpointStatistics, world.documents)).toEqual([]);
    const runners = world.start();
    await world.caughtUp(runners);
    expect(await contentsOf(endpointStatistics, world.documents)).toMatchObject([
      { attempts: { failed: 1 } },
      {},
      { backlog: 1 },
      { pending: 1, failures: 1 },
    ]);

    await world.append(STREAM, started(2, 61), attempted(2, 61, 62, DELIVERED));
    await world.caughtUp(runners);
    await runners.stop();
    const log = [];
    for await (const event of world.log.readAll()) log.push(event);
    const alone = await filled(endpointStatistics, [log]);
    expect(await digestOf(world.documents, endpointStatistics)).toBe(await digestOf(alone, endpointStatistics));
  });

  it("leaves the others where they were while it is filled", async () => {
    const world = await olderWorld();
    const head = await world.log.head();
    const runners = world.start();
    await world.caughtUp(runners);
    await runners.stop();
    const ofOthers = runners.reported.filter(({ name }) => OLDER.some((older) => older.name === name));
    expect(ofOthers.filter(({ name }) => name === "deliveries").map(({ position }) => position)).toContain(head);
    expect(ofOthers.filter(({ name, position }) => name.includes("deliveries") && position !== head)).toEqual([]);
  });

  it("shares the reading of the log with the others when it has caught up", async () => {
    const world = await olderWorld();
    const open = new Set<object>();
    const subscribe = world.log.subscribe.bind(world.log);
    world.log.subscribe = async function* (options) {
      open.add(options);
      try {
        yield* subscribe(options);
      } finally {
        open.delete(options);
      }
    };
    const runners = world.start();
    await world.caughtUp(runners);
    // What reads everything goes with what reads deliveries, which are nearly everything.
    const groups = new Set(PROJECTIONS.map(({ categories }) => categories?.[0] ?? "delivery")).size;
    for (let tick = 0; tick < 100 && open.size !== groups; tick++) await world.clock.advance(25);
    expect(open.size).toBe(groups);
    await world.append(STREAM, started(2, 61), attempted(2, 61, 62, DELIVERED));
    await world.caughtUp(runners);
    expect(open.size).toBe(groups);
    expect(await contentsOf(endpointStatistics, world.documents)).toMatchObject([
      { delivered: 1 },
      { backlog: 0 },
      { pending: 0 },
    ]);
    await runners.stop();
    expect(open.size).toBe(0);
  });
});

describe("a read model that stands still", () => {
  it("does not hold the others back at the next start", async () => {
    const world = await olderWorld();
    const fragile: typeof deliveries = {
      ...deliveries,
      evolve(document, event) {
        if (event.type === "DeliveryAttempted" && event.data.number === 2) throw new Error("a mistake in the fold");
        return deliveries.evolve(document, event);
      },
    };
    const models = [fragile, dueDeliveries] as typeof PROJECTIONS;
    const first = world.start(world.documents, models);
    await world.append(STREAM, started(2, 61), attempted(2, 61, 62, { nextAttemptAt: at(120) }));
    await world.caughtUp(first);
    expect(first.statuses.get("deliveries")).toMatchObject({ state: "faulted" });
    await first.stop();

    const second = world.start(world.documents, models);
    await world.append(STREAM, started(3, 120));
    await world.caughtUp(second);
    await second.stop();
    expect(second.statuses.get("deliveries")).toMatchObject({ state: "faulted" });
    const seen = second.reported.filter(({ name }) => name === "due-deliveries").map(({ position }) => position ?? "");
    expect(seen).toEqual(seen.toSorted());
    expect(seen[0]).not.toBe("");
    expect((seen[0] ?? "") > (second.statuses.get("deliveries")?.position ?? "")).toBe(true);
  });
});
