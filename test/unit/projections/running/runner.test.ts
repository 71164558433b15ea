import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { deliveries } from "../../../../src/projections/deliveries.ts";
import { dueDeliveries } from "../../../../src/projections/due-deliveries.ts";
import { endpoints } from "../../../../src/projections/endpoints.ts";
import { checkpointNameOf } from "../../../../src/projections/projection.ts";
import { PROJECTIONS } from "../../../../src/projections/read-models.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import { ReadModelsOfAnotherLog, refuseAnotherLog } from "../../../../src/projections/running/another-log.ts";
import { ReadModelsUnavailable } from "../../../../src/projections/store/document-store.ts";
import type { DocumentStore } from "../../../../src/projections/store/document-store.ts";
import type { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { users } from "../../../../src/projections/users.ts";
import { randomEntries } from "../../../fixtures/event-log/random-log.ts";
import { ProjectionWorld } from "../../../fixtures/projections/projection-world.ts";
import { at, attempted, DELIVERED, DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { contentsOf, filled } from "../../../specification/projection.ts";

const STREAM = deliveryStream(DELIVERY_ID);
const OTHER_ID = "0198f1a2-0000-7000-8000-000000000002";

async function wholeLog(world: ProjectionWorld): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const event of world.log.readAll()) all.push(event);
  return all;
}

describe("the runner of projections", () => {
  it("catches up with the log, then follows new events", async () => {
    const world = new ProjectionWorld();
    await world.append(STREAM, requested());
    const runners = world.start();
    await world.caughtUp(runners);
    expect(await contentsOf(dueDeliveries, world.documents)).toMatchObject([{ due_at: at(0) }]);

    await world.append(STREAM, started(1, 0), attempted(1, 0, 1, DELIVERED));
    await world.caughtUp(runners);
    expect(await contentsOf(dueDeliveries, world.documents)).toEqual([]);
    expect(await contentsOf(deliveries, world.documents)).toMatchObject([{ status: "SUCCESS" }]);

    const states = runners.reported.filter(({ name }) => name === "deliveries").map(({ state }) => state);
    expect(states[0]).toBe("catching_up");
    expect(states.at(-1)).toBe("live");
    await runners.stop();
  });

  it("is live on an empty log, and moves on with events that are not its own", async () => {
    const world = new ProjectionWorld();
    const runners = world.start();
    await world.caughtUp(runners);
    expect(runners.statuses.get("users")).toMatchObject({ state: "live", position: null });
    await world.append(STREAM, requested());
    await world.caughtUp(runners);
    expect(runners.statuses.get("users")).toMatchObject({ state: "live", position: await world.log.head() });
    await runners.stop();
  });

  it("goes on from its checkpoint after a restart", async () => {
    const world = new ProjectionWorld();
    await world.append(STREAM, requested());
    const first = world.start();
    await world.caughtUp(first);
    await first.stop();

    await world.append(STREAM, started(1, 0));
    const asked: unknown[] = [];
    const subscribe = world.log.subscribe.bind(world.log);
    world.log.subscribe = (options) => {
      if (options.categories?.includes("delivery") ?? true) asked.push(options.after);
      return subscribe(options);
    };
    const second = world.start();
    await world.caughtUp(second);
    await second.stop();
    const [requestedAt] = await world.log.read(STREAM);
    expect(asked).toEqual([requestedAt?.position]);
    expect(await world.documents.checkpoint(checkpointNameOf(dueDeliveries))).toMatchObject({
      position: await world.log.head(),
    });
  });

  it("starts over when the log was restored from a copy older than the documents", async () => {
    const newer = new ProjectionWorld();
    await newer.append(STREAM, requested());
    await newer.append(deliveryStream(OTHER_ID), requested(0, OTHER_ID));
    const ahead = newer.start();
    await newer.caughtUp(ahead);
    await ahead.stop();

    const restored = new ProjectionWorld();
    await restored.append(STREAM, requested());
    const runners = restored.start(newer.documents);
    await restored.caughtUp(runners);
    await runners.stop();
    expect(await contentsOf(deliveries, newer.documents)).toMatchObject([{ _id: DELIVERY_ID }]);
    expect(runners.resets).toContain("deliveries");
  });

  it("refuses a shared store that was filled from another log, loudly, and drops nothing of it", async () => {
    const other = new ProjectionWorld();
    await other.append(STREAM, requested());
    const elsewhere = other.start();
    await other.caughtUp(elsewhere);
    await elsewhere.stop();
    const before = await contentsOf(deliveries, other.documents);

    const world = new ProjectionWorld();
    await world.append(STREAM, requested(), started(1, 0));
    Object.assign(other.documents, { shared: true });
    await expect(refuseAnotherLog(PROJECTIONS, world.log, other.documents)).rejects.toThrow(ReadModelsOfAnotherLog);
    await refuseAnotherLog(PROJECTIONS, other.log, other.documents);
    const runners = world.start(other.documents);
    await world.clock.until(() => runners.failures.some((reason) => reason.includes("another event log")));
    expect(await contentsOf(deliveries, other.documents)).toEqual(before);
    await runners.stop();
  });

  it("does not take documents that another runner brings further just then for those of another log", async () => {
    const world = new ProjectionWorld();
    await world.append(STREAM, requested());
    const first = world.start();
    await world.caughtUp(first);
    const checkpoint = world.documents.checkpoint.bind(world.documents);
    let drops = 0;
    const drop = world.documents.drop.bind(world.documents);
    world.documents.drop = (...args) => {
      drops++;
      return drop(...args);
    };
    world.documents.checkpoint = async (name) => {
      // The log grows, and the first runner folds that, while the second looks where to begin.
      await world.append(STREAM, started(1, 0));
      await world.caughtUp(first);
      return checkpoint(name);
    };
    const second = world.start(world.documents, [deliveries]);
    await world.clock.until(() => second.statuses.size > 0);
    world.documents.checkpoint = checkpoint;
    expect(drops).toBe(0);
    for (const one of [first, second]) await one.stop();
  });

  it("stops at an event that it cannot read, with what came before it written, while the others go on", async () => {
    const world = new ProjectionWorld();
    const runners = world.start();
    await world.append(STREAM, requested());
    await world.appendPoison(deliveryStream(OTHER_ID));
    await world.append(STREAM, started(1, 0));
    await world.append("user-1", {
      type: "UserCreated",
      data: { userId: 1, username: "alice", email: null, apiKeyDigest: "0".repeat(64), createdAt: at(0) },
    });
    await world.caughtUp(runners);

    for (const name of [deliveries.name, dueDeliveries.name]) {
      expect(runners.statuses.get(name)).toMatchObject({
        state: "faulted",
        fault: { stream: deliveryStream(OTHER_ID), revision: "00000000000000000000" },
      });
      expect(runners.statuses.get(name)?.fault?.reason).toContain("Unheard");
    }
    expect(await contentsOf(dueDeliveries, world.documents)).toMatchObject([{ due_at: at(0) }]);
    expect(runners.statuses.get(users.name)).toMatchObject({ state: "live", position: await world.log.head() });
    expect(runners.statuses.get(endpoints.name)?.state).toBe("live");
    expect(await contentsOf(users, world.documents)).toMatchObject([{ username: "alice" }]);
    await runners.stop();
  });

  it("stops a projection whose own fold fails, and not the one that shares its reading of the log", async () => {
    const world = new ProjectionWorld();
    const fragile: typeof dueDeliveries = {
      ...dueDeliveries,
      name: "fragile",
      evolve(document, event) {
        if (event.type === "DeliveryAttemptStarted") throw new Error("a mistake in the fold");
        return dueDeliveries.evolve(document, event);
      },
    };
    const runners = world.start(world.documents, [fragile, deliveries] as typeof PROJECTIONS);
    await world.append(STREAM, requested(), started(1, 0), attempted(1, 0, 1, DELIVERED));
    await world.caughtUp(runners);
    const [first] = await world.log.read(STREAM);
    expect(runners.statuses.get("fragile")).toMatchObject({ state: "faulted", position: first?.position });
    expect(await contentsOf(fragile, world.documents)).toMatchObject([{ due_at: at(0) }]);
    expect(await contentsOf(deliveries, world.documents)).toMatchObject([{ status: "SUCCESS" }]);
    await runners.stop();
  });

  it("is started again when the documents cannot be written, and loses nothing", async () => {
    const world = new ProjectionWorld();
    const write = world.documents.write.bind(world.documents);
    let failures = 5;
    world.documents.write = (...args) =>
      failures-- > 0 ? Promise.reject(new ReadModelsUnavailable("the disk is full")) : write(...args);
    const runners = world.start();
    await world.append(STREAM, requested(), started(1, 0));
    await world.caughtUp(runners);
    expect(runners.failures).toContain("the disk is full");
    expect(await contentsOf(deliveries, world.documents)).toMatchObject([{ _id: DELIVERY_ID }]);
    await runners.stop();
  });

  it("ends when its signal aborts, even in the middle of a wait", async () => {
    const world = new ProjectionWorld();
    const runners = world.start();
    await world.clock.settle();
    await runners.stop();
    expect(world.clock.timers).toBe(0);
  });
});

/** The documents behind a store whose answers take some turns, as the list says, over and over. */
function slow(documents: MemoryDocumentStore, turns: readonly number[]): DocumentStore {
  let call = 0;
  const wait = async (): Promise<void> => {
    for (let turn = turns[call++ % turns.length] ?? 0; turn > 0; turn--) await nextTurn();
  };
  return {
    shared: documents.shared,
    prepare: (collection) => documents.prepare(collection),
    load: async (...args) => {
      await wait();
      return documents.load(...args);
    },
    write: async (...args) => {
      await wait();
      const conflicts = await documents.write(...args);
      await wait();
      return conflicts;
    },
    find: (...args) => documents.find(...args),
    count: (...args) => documents.count(...args),
    scan: (collection) => documents.scan(collection),
    checkpoint: (name) => documents.checkpoint(name),
    drop: (...args) => documents.drop(...args),
    close: () => documents.close(),
  };
}

describe("two runners over the same documents", () => {
  it("end with the documents of one, however their work interleaves", async () => {
    const turns = fc.array(fc.nat(6), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(randomEntries, turns, turns, turns, async (entries, first, second, pauses) => {
        const world = new ProjectionWorld();
        const runners = [world.start(slow(world.documents, first)), world.start(slow(world.documents, second))];
        for (const [index, [stream, event]] of entries.entries()) {
          await world.append(stream, event);
          for (let turn = pauses[index % pauses.length] ?? 0; turn > 0; turn--) await nextTurn();
        }
        await world.caughtUp(...runners);
        for (const one of runners) await one.stop();
        const log = await wholeLog(world);
        for (const projection of PROJECTIONS) {
          const alone = await filled(projection, [log.filter(({ stream }) => ownStream(projection, stream))]);
          expect(await digestOf(world.documents, projection)).toBe(await digestOf(alone, projection));
        }
      }),
      { numRuns: 40 },
    );
  });
});

function ownStream(projection: (typeof PROJECTIONS)[number], stream: string): boolean {
  return projection.categories === null || projection.categories.some((category) => stream.startsWith(`${category}-`));
}
