import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tickStream } from "../../../../src/events/tick.ts";
import { SHARDS, ShardTicks, shardOf } from "../../../../src/processes/retrying/shard-ticks.ts";
import { timeOrderedId } from "../../../../src/runtime/time-ordered-id.ts";
import { HookedEventStore, times } from "../../../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

const TICK_MS = 60_000;

/** A page of the to-do list with so many deliveries. */
function page(count: number): { readonly _id: string }[] {
  return times(count, () => ({ _id: timeOrderedId() }));
}

/** Instances on one log, which all have the time of one clock. */
function world(instances: number): { clock: FakeClock; store: HookedEventStore; ticks: ShardTicks[] } {
  const clock = new FakeClock();
  const store = new HookedEventStore(clock);
  const ticks = times(instances, () => new ShardTicks(store, clock, TICK_MS, randomUUID()));
  return { clock, store, ticks };
}

describe("the ticks of several instances", () => {
  it("give each due delivery to exactly one of them", async () => {
    const { ticks } = world(3);
    const due = page(500);
    const shares = await Promise.all(ticks.map((instance) => instance.mine(due)));
    expect(shares.flat().toSorted()).toHaveLength(500);
    expect(new Set(shares.flat())).toEqual(new Set(due));
  });

  it("keep a shard with its winner until the tick ends, at the cost of one event", async () => {
    const { clock, store, ticks } = world(2);
    const [first, second] = ticks as [ShardTicks, ShardTicks];
    const due = page(1);
    const stream = tickStream(shardOf(due[0]!._id));
    expect(await first.mine(due)).toEqual(due);
    for (let look = 0; look < 5; look++) {
      await clock.advance(5_000);
      expect(await first.mine(due)).toEqual(due);
      expect(await second.mine(due)).toEqual([]);
    }
    expect(await store.read(stream)).toHaveLength(1);
  });

  it("let anybody take over what a dead winner left, in the next tick", async () => {
    const { clock, ticks } = world(2);
    const [dead, alive] = ticks as [ShardTicks, ShardTicks];
    const due = page(200);
    expect(await dead.mine(due)).toEqual(due);
    expect(await alive.mine(due)).toEqual([]);
    await clock.advance(TICK_MS);
    expect(await alive.mine(due)).toEqual(due);
  });

  it("let an instance that knows nothing of a long past take the present tick at once", async () => {
    const { clock, store, ticks } = world(1);
    const due = page(1);
    for (let tick = 0; tick < 30; tick++) {
      expect(await ticks[0]!.mine(due)).toEqual(due);
      await clock.advance(TICK_MS);
    }
    const late = new ShardTicks(store, clock, TICK_MS, randomUUID());
    expect(await late.mine(due)).toEqual(due);
    expect(await ticks[0]!.mine(due)).toEqual([]);
  });

  it("cost nothing where nothing is due", async () => {
    const { store, ticks } = world(1);
    expect(await ticks[0]!.mine([])).toEqual([]);
    expect(store.appends).toEqual([]);
  });

  it("never give a shard to two instances at one tick, whenever they scan", async () => {
    const looks = fc.array(fc.record({ instance: fc.nat(2), waitMs: fc.nat(90_000) }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(looks, async (all) => {
        const { clock, ticks } = world(3);
        const due = page(20);
        const owners = new Map<string, number>();
        for (const { instance, waitMs } of all) {
          await clock.advance(waitMs);
          const tick = Math.floor(clock.now() / TICK_MS);
          for (const { _id } of await ticks[instance]!.mine(due)) {
            const key = `${tick}/${shardOf(_id)}`;
            expect(owners.get(key) ?? instance).toBe(instance);
            owners.set(key, instance);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("have a shard for every delivery, and about as many deliveries in each", () => {
    const counts = new Map<number, number>();
    for (const { _id } of page(8_000)) counts.set(shardOf(_id), (counts.get(shardOf(_id)) ?? 0) + 1);
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual(times(SHARDS, (index) => index));
    for (const count of counts.values()) expect(count).toBeGreaterThan(8_000 / SHARDS / 2);
  });
});
