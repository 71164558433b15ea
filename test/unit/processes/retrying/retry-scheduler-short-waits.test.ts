import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShardTicks } from "../../../../src/processes/retrying/shard-ticks.ts";
import { times } from "../../../fixtures/event-log/store-doubles.ts";
import { DeliveryWorld, MINUTE } from "../../../fixtures/processes/delivery-world.ts";
import type { DeliveryProcess } from "../../../fixtures/processes/delivery-world.ts";
import { tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import type { Answer } from "../../../fixtures/processes/fake-sender.ts";
import { refusedWith } from "../../../fixtures/processes/fake-sender.ts";

const ENDPOINT = 1;
/** How late a retry may be, in ms. */
const LATE_MS = 500;

/** An endpoint with this schedule, whose receiver fails. */
async function newWorld(
  retrySchedule: number[] = [5, 5, 5],
  answer: Answer = () => refusedWith(500),
): Promise<DeliveryWorld> {
  const world = new DeliveryWorld();
  await world.registerEndpoints(ENDPOINT);
  const data = { endpointId: ENDPOINT, changes: { retrySchedule }, updatedAt: world.clock.iso };
  await tell(world.store, { type: "EndpointUpdated", data });
  world.sender.answer = answer;
  return world;
}

/** A process that shares the retries with others on the log. */
function oneOfSeveral(world: DeliveryWorld): Promise<DeliveryProcess> {
  const shares = new ShardTicks(world.store, world.clock, MINUTE, randomUUID());
  return world.start({ scheduler: { shares, random: () => 0.999 } });
}

function expectTimes(actual: readonly number[], seconds: readonly number[]): void {
  expect(actual).toHaveLength(seconds.length);
  for (const [index, at] of actual.entries()) {
    expect(at).toBeGreaterThanOrEqual((seconds[index] ?? 0) * 1_000);
    expect(at).toBeLessThanOrEqual((seconds[index] ?? 0) * 1_000 + LATE_MS);
  }
}

describe("waits shorter than the tick", () => {
  it("give attempts at 0, 5, 10 and 15 s, whenever in a tick the delivery comes", async () => {
    const jitter = fc.double({ min: 0, max: 0.999, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.nat(MINUTE), jitter, async (waitMs, random) => {
        const world = await newWorld();
        const process = await world.start({ scheduler: { random: () => random } });
        await world.clock.advance(waitMs);
        const begin = world.clock.now();
        const id = await process.dispatch(ENDPOINT);
        await world.clock.advance(2 * MINUTE);
        expectTimes(world.sentTimes(id, begin), [0, 5, 10, 15]);
        expect(await world.delivery(id)).toMatchObject({ status: "FAILED", attempts: 4 });
        await process.stop();
      }),
      {
        numRuns: 20,
        examples: [
          [0, 0],
          [54_999, 0],
          [55_000, 0],
          [59_999, 0],
          [2_000, 0],
          [57_000, 0.999],
        ],
      },
    );
  });

  it("are kept by several instances, which make each attempt once", async () => {
    const world = await newWorld();
    const processes = [await oneOfSeveral(world), await oneOfSeveral(world), await oneOfSeveral(world)];
    const accepted: { readonly id: string; readonly at: number }[] = [];
    for (let n = 0; n < 60; n++) {
      await world.clock.advance(997);
      accepted.push({ id: (await processes[n % 3]?.dispatch(ENDPOINT)) ?? "", at: world.clock.now() });
    }
    await world.clock.advance(MINUTE);
    for (const { id, at } of accepted) {
      const sent = world.sender.sent.filter(({ deliveryId }) => deliveryId === id);
      expect(sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
      expectTimes(world.sentTimes(id, at), [0, 5, 10, 15]);
    }
    for (const process of processes) await process.stop();
    expect(world.clock.timers).toBe(0);
  });

  it("are kept when the receiver asked for them", async () => {
    const world = await newWorld([1, 1, 1], () => refusedWith(503, { retryAfter: "3" }));
    const process = await world.start();
    const begin = world.clock.now();
    const id = await process.dispatch(ENDPOINT);
    await world.clock.advance(MINUTE);
    expectTimes(world.sentTimes(id, begin), [0, 3, 6, 9]);
    await process.stop();
  });

  it("give way to a longer one that the receiver asked for", async () => {
    const retryAfter = (attempt: number): string | null => (attempt === 1 ? "200" : null);
    const world = await newWorld([1, 1], ({ attempt }) => refusedWith(503, { retryAfter: retryAfter(attempt) }));
    const process = await world.start();
    const begin = world.clock.now();
    const id = await process.dispatch(ENDPOINT);
    await world.clock.settle();
    expect(process.scheduler.armed).toBe(0);
    await world.clock.advance(5 * MINUTE);
    expectTimes(world.sentTimes(id, begin), [0, 200, 201]);
    await process.stop();
  });

  it("are kept after an attempt that lapsed", async () => {
    const world = await newWorld([5, 5], () => new Promise(() => undefined));
    const crashed = await world.start();
    const begin = world.clock.now();
    const id = await crashed.dispatch(ENDPOINT);
    await world.clock.advance(1_000);
    await crashed.crash();
    world.sender.answer = () => refusedWith(500);
    const process = await world.start();
    await world.clock.advance(2 * MINUTE);
    // The lease of the first ends after 30 s.
    expectTimes(world.sentTimes(id, begin), [0, 35, 40]);
    await process.stop();
  });
});

describe("a retry that was armed by the instance that recorded the failure", () => {
  it("is found by a scan when that instance died", async () => {
    const world = await newWorld([5]);
    const dead = await oneOfSeveral(world);
    const alive = await oneOfSeveral(world);
    await world.clock.advance(10_000);
    const id = await dead.dispatch(ENDPOINT);
    await world.clock.settle();
    expect([dead.scheduler.armed, alive.scheduler.armed]).toEqual([1, 0]);
    await dead.crash();
    await world.clock.advance(2 * MINUTE);
    expect(world.sentTimes(id)).toHaveLength(2);
    await alive.stop();
  });

  it("is not sent when its endpoint is disabled meanwhile, and is when it is enabled", async () => {
    const world = await newWorld([5]);
    const process = await world.start();
    const id = await process.dispatch(ENDPOINT);
    await world.clock.advance(1_000);
    const disabledAt = world.clock.iso;
    const data = { endpointId: ENDPOINT, reason: "requested" as const, disabledAt };
    await tell(world.store, { type: "EndpointDisabled", data });
    await world.clock.advance(20_000);
    expect(world.sentTimes(id)).toHaveLength(1);
    expect(await world.delivery(id)).toMatchObject({ held: true, attempts: 1 });
    await tell(world.store, { type: "EndpointEnabled", data: { endpointId: ENDPOINT, enabledAt: world.clock.iso } });
    await world.clock.advance(2_000);
    expect(world.sentTimes(id)).toHaveLength(2);
    await process.stop();
  });

  it("is not sent when its endpoint is deleted meanwhile", async () => {
    const world = await newWorld([5]);
    const process = await world.start();
    const id = await process.dispatch(ENDPOINT);
    await world.clock.advance(1_000);
    await tell(world.store, { type: "EndpointDeleted", data: { endpointId: ENDPOINT, deletedAt: world.clock.iso } });
    await world.clock.advance(2 * MINUTE);
    expect(world.sentTimes(id)).toHaveLength(1);
    expect(await world.delivery(id)).toMatchObject({ status: "CANCELED" });
    await process.stop();
  });

  it("counts towards the limit, and one that finds no room is found by a scan as soon as there is", async () => {
    const world = await newWorld([5]);
    const process = await world.start({ scheduler: { armed: 4 } });
    await world.clock.advance(10_000);
    const ids = await Promise.all(times(10, () => process.dispatch(ENDPOINT)));
    await world.clock.advance(1_000);
    expect(process.scheduler.armed).toBe(4);
    // Long before the next tick.
    await world.clock.advance(10_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(2);
    await process.stop();
  });

  it("leaves no timer behind", async () => {
    const world = await newWorld();
    const process = await world.start();
    await process.dispatch(ENDPOINT);
    await world.clock.advance(1_000);
    expect(process.scheduler.armed).toBe(1);
    await process.stop();
    expect(world.clock.timers).toBe(0);
  });
});
