import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { ReadModelsUnavailable } from "../../../../src/projections/store/document-store.ts";
import { times } from "../../../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";
import { DeliveryWorld, MINUTE } from "../../../fixtures/processes/delivery-world.ts";
import type { DeliveryProcess } from "../../../fixtures/processes/delivery-world.ts";
import { blackHole, delivered, refusedWith } from "../../../fixtures/processes/fake-sender.ts";

/** As long as a look at the to-do list takes at the most, since it waits for the projection's pace, in ms. */
const LOOK_MS = 100;

async function newWorld(endpoints = 1, clock = new FakeClock()): Promise<DeliveryWorld> {
  const world = new DeliveryWorld(clock);
  await world.registerEndpoints(...times(endpoints, (index) => index + 1));
  return world;
}

/** When each retry of the delivery was due by the log, and how long after that it was sent, in ms. */
async function delaysOf(world: DeliveryWorld, deliveryId: string): Promise<number[]> {
  const dues: number[] = [];
  for (const { type, data } of await world.eventsOf(deliveryId)) {
    if (type === "DeliveryAttempted") dues.push(Date.parse((data as { nextAttemptAt: string }).nextAttemptAt));
  }
  const retries = world.sentTimes(deliveryId).slice(1);
  return retries.map((at, index) => at - (dues[index] ?? Number.NaN));
}

describe("the schedule of retries", () => {
  it("gives a receiver that always fails five attempts, at 0, 1, 3, 7 and 15 minutes, and then ends", async () => {
    const world = await newWorld();
    world.sender.answer = () => refusedWith(500);
    const process = await world.start();
    await world.clock.advance(7_345);
    const begin = world.clock.now();
    const id = await process.dispatch(1);
    await world.clock.advance(20 * MINUTE);
    const offsets = world.sentTimes(id, begin);
    expect(offsets.map((offset) => Math.round(offset / MINUTE))).toEqual([0, 1, 3, 7, 15]);
    for (const delay of await delaysOf(world, id)) expect(delay).toBe(0);
    expect(await world.delivery(id)).toMatchObject({ status: "FAILED", attempts: 5, dueAt: null });
    expect((await world.eventsOf(id)).at(-1)).toMatchObject({
      type: "DeliveryFailed",
      data: { reason: "attempts_exhausted" },
    });
    await world.clock.advance(24 * 60 * MINUTE);
    expect(world.sentTimes(id)).toHaveLength(5);
    await process.stop();
  });

  it("counts the wait from the end of an attempt that timed out", async () => {
    const world = await newWorld();
    world.sender.answer = blackHole(world.clock, 15_000);
    const process = await world.start();
    const begin = world.clock.now();
    const id = await process.dispatch(1);
    await world.clock.advance(20 * MINUTE);
    const minutes = [0, 1.25, 3.5, 7.75, 16];
    const offsets = world.sentTimes(id, begin);
    expect(offsets).toHaveLength(5);
    for (const [index, offset] of offsets.entries()) {
      expect(offset).toBeGreaterThanOrEqual((minutes[index] ?? 0) * MINUTE);
      expect(offset).toBeLessThan((minutes[index] ?? 0) * MINUTE + 5 * LOOK_MS);
    }
    await process.stop();
  });

  it("never retries early, and each delivery at its own due time, whatever the answers and the jitter", async () => {
    const dispatches = fc.array(
      fc.record({
        waitMs: fc.nat(90_000),
        endpointId: fc.integer({ min: 1, max: 3 }),
        answers: fc.array(fc.constantFrom("fail", "fail", "later", "deliver"), { minLength: 5, maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const jitter = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(dispatches, jitter, async (all, randoms) => {
        const world = await newWorld(3);
        const answers = new Map<string, string[]>();
        world.sender.answer = ({ deliveryId, attempt }) => {
          const answer = answers.get(deliveryId)?.[attempt - 1];
          if (answer === "deliver") return delivered();
          return refusedWith(503, { retryAfter: answer === "later" ? "200" : null });
        };
        let draw = 0;
        const random = (): number => randoms[draw++ % randoms.length] ?? 0;
        const process = await world.start({ scheduler: { random } });
        const ids: string[] = [];
        for (const { waitMs, endpointId, answers: own } of all) {
          await world.clock.advance(waitMs);
          // The first answer is asked for only when the clock goes on.
          const id = await process.dispatch(endpointId);
          answers.set(id, own);
          ids.push(id);
        }
        await world.clock.advance(40 * MINUTE);
        for (const id of ids) {
          for (const delay of await delaysOf(world, id)) {
            expect(delay).toBeGreaterThanOrEqual(0);
            // Times are in whole milliseconds: the due time, its jitter and the timer are each up to one off.
            expect(delay).toBeLessThan(250 + LOOK_MS + 3);
          }
          const expected = (answers.get(id)?.indexOf("deliver") ?? -1) + 1 || 5;
          expect(world.sentTimes(id)).toHaveLength(expected);
        }
        await process.stop();
      }),
      { numRuns: 12 },
    );
  });

  it("is kept when a timer fires a little early", async () => {
    class HastyClock extends FakeClock {
      override schedule(milliseconds: number, callback: () => void): () => void {
        return super.schedule(milliseconds > 1 ? milliseconds - 1 : milliseconds, callback);
      }
    }
    const world = await newWorld(1, new HastyClock());
    world.sender.answer = ({ attempt }) => (attempt === 1 ? refusedWith(500) : delivered());
    const process = await world.start();
    await world.clock.advance(10_000);
    const id = await process.dispatch(1);
    await world.clock.advance(2 * MINUTE);
    expect(await delaysOf(world, id)).toEqual([0]);
    await process.stop();
  });

  it("is kept when the clock was set back", async () => {
    const world = await newWorld();
    world.sender.answer = ({ attempt }) => (attempt === 1 ? refusedWith(500) : delivered());
    const process = await world.start();
    await world.clock.advance(10_000);
    const id = await process.dispatch(1);
    await world.clock.advance(55_000);
    world.clock.jump(-20_000);
    await world.clock.advance(2 * MINUTE);
    const [delay] = await delaysOf(world, id);
    expect(delay).toBeGreaterThanOrEqual(0);
    expect(delay).toBeLessThan(LOOK_MS);
    await process.stop();
  });
});

describe("what a process left behind", () => {
  /** A process that accepted so many deliveries and died before it attempted any of them. */
  async function crashedBeforeAttempts(world: DeliveryWorld, count: number): Promise<string[]> {
    const process = await world.start({ concurrency: 0 });
    const ids = await Promise.all(times(count, () => process.dispatch(1)));
    await world.clock.advance(LOOK_MS);
    await process.crash();
    return ids;
  }

  it("is attempted at once by the next process, each delivery once", async () => {
    const world = await newWorld();
    const ids = await crashedBeforeAttempts(world, 1_200);
    expect(world.sender.sent).toEqual([]);
    const next = await world.start();
    await world.clock.advance(1_000);
    expect(world.sender.sent).toHaveLength(1_200);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    await next.stop();
  });

  it("has an unknown outcome when the process died during an attempt, and is retried by the schedule", async () => {
    const world = await newWorld();
    world.sender.answer = () => new Promise(() => undefined);
    const first = await world.start();
    const begin = world.clock.now();
    const id = await first.dispatch(1);
    await world.clock.advance(5_000);
    await first.crash();

    world.sender.answer = delivered;
    const second = await world.start();
    await world.clock.advance(3 * MINUTE);
    const events = await world.eventsOf(id);
    expect(events.map(({ type }) => type)).toEqual([
      "DeliveryRequested",
      "DeliveryAttemptStarted",
      "DeliveryAttempted",
      "DeliveryAttemptStarted",
      "DeliveryAttempted",
    ]);
    expect(events[2]?.data).toMatchObject({ number: 1, outcome: "unknown" });
    expect(events[4]?.data).toMatchObject({ number: 2, outcome: "delivered" });
    // The lease is over 30 s after the claim, and then the schedule's first wait begins.
    const [, retry] = world.sentTimes(id, begin);
    expect(retry).toBeGreaterThanOrEqual(30_000 + MINUTE);
    expect(retry).toBeLessThan(30_000 + MINUTE + 2 * LOOK_MS);
    await second.stop();
  });

  it("ends, though it kills every process that attempts it", async () => {
    const world = await newWorld();
    world.sender.answer = () => new Promise(() => undefined);
    let process = await world.start();
    const id = await process.dispatch(1);
    for (let attempt = 1; attempt <= 5; attempt++) {
      await world.clock.until(() => world.sentTimes(id).length === attempt);
      await process.crash();
      process = await world.start();
      await world.clock.advance(10 * MINUTE);
      if (attempt < 5) continue;
      expect(await world.delivery(id)).toMatchObject({ status: "FAILED", attempts: 5 });
    }
    expect(world.sentTimes(id)).toHaveLength(5);
    await process.stop();
  });

  it("keeps its due times across a restart", async () => {
    const world = await newWorld();
    world.sender.answer = ({ attempt }) => (attempt < 3 ? refusedWith(500) : delivered());
    const first = await world.start();
    await world.clock.advance(20_000);
    const id = await first.dispatch(1);
    await world.clock.advance(MINUTE + 30_000);
    await first.crash();
    const second = await world.start();
    await world.clock.advance(3 * MINUTE);
    expect(await delaysOf(world, id)).toEqual([0, 0]);
    await second.stop();
  });

  it("is attempted once when two processes find it", async () => {
    const world = await newWorld();
    const ids = await crashedBeforeAttempts(world, 50);
    const both = [await world.start(), await world.start()];
    await world.clock.advance(2 * MINUTE);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    for (const process of both) await process.stop();
  });
});

describe("what found no room", () => {
  async function dispatchMany(process: DeliveryProcess, endpointId: number, count: number): Promise<string[]> {
    return Promise.all(times(count, () => process.dispatch(endpointId)));
  }

  it("is taken in as soon as the queue runs low, long before the next tick", async () => {
    const world = await newWorld();
    const process = await world.start({ queue: { entries: 20 } });
    await world.clock.advance(1_000);
    const ids = await dispatchMany(process, 1, 200);
    expect(ids.some((id) => !process.worker.knows(id))).toBe(true);
    await world.clock.advance(20_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("of one endpoint that does not answer does not keep another's deliveries waiting", async () => {
    const world = await newWorld(2);
    world.sender.answer = (request, signal) =>
      request.endpointId === 1 ? blackHole(world.clock, 15_000)(request, signal) : delivered();
    const crashed = await world.start({ concurrency: 0, queue: { entries: 0 } });
    await dispatchMany(crashed, 1, 100);
    const healthy = await dispatchMany(crashed, 2, 100);
    await world.clock.advance(LOOK_MS);
    await crashed.crash();
    const process = await world.start({ queue: { entriesPerEndpoint: 20 } });
    await world.clock.advance(10_000);
    for (const id of healthy) expect(world.sentTimes(id)).toHaveLength(1);
    await process.crash();
  });

  it("is found at the next tick when too many retries were armed already", async () => {
    const world = await newWorld();
    world.sender.answer = ({ attempt }) => (attempt === 1 ? refusedWith(500) : delivered());
    const process = await world.start({ scheduler: { armed: 3 } });
    await world.clock.advance(10_000);
    const ids = await dispatchMany(process, 1, 10);
    await world.clock.advance(3 * MINUTE);
    for (const id of ids) {
      expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 2 });
      for (const delay of await delaysOf(world, id)) expect(delay).toBeGreaterThanOrEqual(0);
    }
    await process.stop();
  });
});

describe("the scheduler in trouble", () => {
  it("scans again soon when the to-do list could not be read", async () => {
    const world = await newWorld();
    world.sender.answer = ({ attempt }) => (attempt === 1 ? refusedWith(500) : delivered());
    const find = world.documents.find.bind(world.documents);
    let failures = 0;
    world.documents.find = (...args) =>
      world.clock.now() < recovery ? (failures++, Promise.reject(new ReadModelsUnavailable("no"))) : find(...args);
    const recovery = world.clock.now() + 2 * MINUTE;
    const process = await world.start();
    const id = await process.dispatch(1);
    await world.clock.advance(3 * MINUTE);
    expect(failures).toBeGreaterThan(5);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 2 });
    const [delay] = await delaysOf(world, id);
    // The longest back-off is 5 s.
    expect(delay).toBeLessThanOrEqual(MINUTE + 5_000 + LOOK_MS);
    await process.stop();
  });

  it("leaves no timer when it ends", async () => {
    const world = await newWorld();
    world.sender.answer = () => refusedWith(500);
    const process = await world.start();
    await world.clock.advance(10_000);
    for (let count = 0; count < 5; count++) await process.dispatch(1);
    await world.clock.advance(55_000);
    await process.stop();
    expect(world.clock.timers).toBe(0);
  });
});

describe("the last scan of the to-do list", () => {
  it("gives how long the oldest delivery had been due, and stays when a scan fails", async () => {
    const world = await newWorld();
    world.sender.answer = blackHole(world.clock);
    const process = await world.start();
    expect(process.scheduler.lastScan).toEqual({ at: world.clock.monotonic(), oldestDueMs: 0 });
    await Promise.all(times(6, () => process.dispatch(1)));
    const acceptedAt = world.clock.monotonic();
    await world.clock.advance(MINUTE + LOOK_MS);
    const look = process.scheduler.lastScan;
    // Five are under way, due at the end of their lease; the sixth has waited for its turn since it was accepted.
    expect(look?.oldestDueMs).toBe(look!.at - acceptedAt);
    expect(look?.at).toBeGreaterThanOrEqual(acceptedAt + MINUTE / 2);

    vi.spyOn(world.documents, "find").mockRejectedValue(new ReadModelsUnavailable("down"));
    await world.clock.advance(3 * MINUTE);
    expect(process.scheduler.lastScan).toEqual(look);
    vi.restoreAllMocks();
    await process.crash();
  });
});
