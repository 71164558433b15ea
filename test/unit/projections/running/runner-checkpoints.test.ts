import { describe, expect, it } from "vitest";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import { deliveries } from "../../../../src/projections/deliveries.ts";
import { dueDeliveries } from "../../../../src/projections/due-deliveries.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import { PROJECTIONS } from "../../../../src/projections/read-models.ts";
import { runProjections } from "../../../../src/projections/running/runner.ts";
import type { ReportProjection } from "../../../../src/projections/running/projection-report.ts";
import { users } from "../../../../src/projections/users.ts";
import { notePlaces, searchedBehind, shareWithOthers } from "../../../fixtures/event-log/shared-log.ts";
import { ProjectionWorld } from "../../../fixtures/projections/projection-world.ts";
import { attempted, DELIVERED, DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { contentsOf } from "../../../specification/projection.ts";

const STREAM = deliveryStream(DELIVERY_ID);
const OTHER_STREAM = deliveryStream("0198f1a2-0000-7000-8000-000000000002");

describe("the checkpoints of the runner", () => {
  it("follow the events that are none of its own, every 5 s, and are left at the log's end", async () => {
    const world = new ProjectionWorld();
    const runners = world.start();
    const ofUsers = async () => (await world.documents.checkpoint(checkpointNameOf(users)))?.searchedTo;
    const append = async (): Promise<void> => {
      await world.append(STREAM, requested());
      await world.caughtUp(runners);
    };
    await append();
    const first = await world.log.head();
    expect(await ofUsers(), "the first time at once").toBe(first);
    await append();
    expect(await ofUsers(), "not again within 5 s").toBe(first);
    await world.clock.advance(5_000);
    await append();
    const third = await world.log.head();
    for (const projection of PROJECTIONS) {
      expect(await world.documents.checkpoint(checkpointNameOf(projection)), projection.name).toMatchObject({
        position: third,
        searchedTo: third,
        eventId: await world.log.idAt(third!),
      });
    }
    await append();
    expect(await ofUsers()).toBe(third);
    await runners.stop();
    expect(await ofUsers(), "left at the end by a stop").toBe(await world.log.head());

    const asked = notePlaces(world.log);
    const next = world.start();
    await world.caughtUp(next);
    await next.stop();
    expect(new Set(asked)).toEqual(new Set([await world.log.head()]));
  });

  it("let it resume where its search ended, among events of others, and miss nothing", async () => {
    const world = new ProjectionWorld();
    shareWithOthers(world.log);
    await world.append(STREAM, requested());
    const first = world.start();
    await world.caughtUp(first);
    await first.stop();
    expect(await world.documents.checkpoint(checkpointNameOf(users))).toMatchObject({
      position: await world.log.head(),
      searchedTo: searchedBehind(1),
    });

    await world.append(STREAM, started(1, 0), attempted(1, 0, 1, DELIVERED));
    const asked = notePlaces(world.log);
    const second = world.start();
    await world.caughtUp(second);
    await second.stop();
    expect(new Set(asked)).toEqual(new Set([searchedBehind(1)]));
    expect(
      second.reported.every(({ position }) => position !== null),
      "it knows what it had seen",
    ).toBe(true);
    expect(await contentsOf(deliveries, world.documents)).toMatchObject([{ _id: DELIVERY_ID, status: "SUCCESS" }]);
  });

  it("let a group resume at its earliest checkpoint", async () => {
    const world = new ProjectionWorld();
    shareWithOthers(world.log);
    await world.append(STREAM, requested());
    const first = world.start();
    await world.caughtUp(first);
    await first.stop();
    const name = checkpointNameOf(dueDeliveries);
    const checkpoint = (await world.documents.checkpoint(name))!;
    await world.documents.write(collectionOf(dueDeliveries), [], { ...checkpoint, searchedTo: checkpoint.position });
    const asked = notePlaces(world.log);
    const group = [deliveries, dueDeliveries] as typeof PROJECTIONS;
    const abort = new AbortController();
    const report: ReportProjection = (reported) => {
      if (reported.kind === "status" && reported.status.state === "live") abort.abort();
    };
    await runProjections(
      group,
      { log: world.log, documents: world.documents, clock: world.clock, report },
      abort.signal,
    );
    expect(asked).toEqual([checkpoint.position]);
  });

  it("stay before the event at which a projection stands still, when it is stopped too", async () => {
    const world = new ProjectionWorld();
    const runners = world.start();
    await world.append(STREAM, requested());
    await world.caughtUp(runners);
    const before = await world.log.head();
    await world.appendPoison(OTHER_STREAM);
    await world.caughtUp(runners);
    await world.clock.advance(10_000);
    await runners.stop();
    expect(await world.documents.checkpoint(checkpointNameOf(deliveries))).toMatchObject({ searchedTo: before });
    expect(await world.documents.checkpoint(checkpointNameOf(users))).toMatchObject({
      searchedTo: await world.log.head(),
    });
  });
});
