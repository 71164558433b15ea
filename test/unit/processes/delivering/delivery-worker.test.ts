import { describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import { times } from "../../../fixtures/event-log/store-doubles.ts";
import { DeliveryWorld } from "../../../fixtures/processes/delivery-world.ts";
import type { DeliveryProcess } from "../../../fixtures/processes/delivery-world.ts";
import { blackHole, delivered, notSent, refusedWith } from "../../../fixtures/processes/fake-sender.ts";
import { figure } from "../../../fixtures/prometheus.ts";

const WITHOUT_SCHEDULER = { schedule: false };

/** Endpoint 1 is a black hole; the others answer at once. */
async function worldWithBlackHole(endpoints: number): Promise<DeliveryWorld> {
  const world = new DeliveryWorld();
  await world.registerEndpoints(...times(endpoints, (index) => index + 1));
  const hole = blackHole(world.clock, 15_000);
  world.sender.answer = (request, signal) => (request.endpointId === 1 ? hole(request, signal) : delivered());
  return world;
}

async function dispatchMany(process: DeliveryProcess, endpointId: number, count: number): Promise<string[]> {
  return Promise.all(times(count, () => process.dispatch(endpointId)));
}

describe("the delivery worker", () => {
  it("attempts a delivery at once when it was accepted", async () => {
    const world = await worldWithBlackHole(2);
    const process = await world.start(WITHOUT_SCHEDULER);
    const id = await process.dispatch(2);
    await world.clock.settle();
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 1 });
    expect(world.sender.sent).toMatchObject([{ url: "https://receiver-2.example/hook", at: world.clock.now() }]);
    expect(process.worker.load).toEqual({ waiting: 0, underWay: 0 });
    expect(process.worker.knows(id)).toBe(false);
    await process.stop();
  });

  it("makes at most five attempts at a time to one endpoint", async () => {
    const world = await worldWithBlackHole(1);
    const process = await world.start(WITHOUT_SCHEDULER);
    await dispatchMany(process, 1, 20);
    await world.clock.settle();
    expect(world.sender.underWay).toBe(5);
    expect(process.worker.load).toEqual({ waiting: 15, underWay: 5 });
    await world.clock.advance(15_000);
    expect(world.sender.sent).toHaveLength(10);
    await world.clock.advance(45_000);
    expect(world.sender.peak).toBe(5);
    await process.stop();
  });

  it("makes at most the set number of attempts at a time to all endpoints", async () => {
    const world = await worldWithBlackHole(10);
    world.sender.answer = blackHole(world.clock, 15_000);
    const process = await world.start({ ...WITHOUT_SCHEDULER, concurrency: 12 });
    for (let endpointId = 1; endpointId <= 10; endpointId++) await dispatchMany(process, endpointId, 10);
    await world.clock.settle();
    expect(world.sender.underWay).toBe(12);
    await world.clock.advance(300_000);
    expect(world.sender.peak).toBe(12);
    expect(world.sender.sent).toHaveLength(100);
    await process.stop();
  });

  it("is not held up for a healthy endpoint by 200 deliveries to a black hole", async () => {
    const world = await worldWithBlackHole(2);
    const process = await world.start(WITHOUT_SCHEDULER);
    await dispatchMany(process, 1, 200);
    const healthy = await dispatchMany(process, 2, 50);
    await world.clock.settle();
    for (const id of healthy) expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS" });
    expect(world.sender.underWay).toBe(5);
    await process.crash();
  });

  it("takes a delivery once, however often it is offered", async () => {
    const world = await worldWithBlackHole(1);
    const process = await world.start(WITHOUT_SCHEDULER);
    const id = await process.dispatch(1);
    expect(process.worker.take(id, 1)).toBe(true);
    await world.clock.settle();
    expect(process.worker.take(id, 1)).toBe(true);
    await world.clock.settle();
    expect(world.sentTimes(id)).toHaveLength(1);
    await process.crash();
  });

  it("says when it has no room, and keeps what it has", async () => {
    const world = await worldWithBlackHole(1);
    const process = await world.start({ ...WITHOUT_SCHEDULER, queue: { entries: 10 } });
    await dispatchMany(process, 1, 20);
    await world.clock.settle();
    expect(process.worker.take("another", 1)).toBe(false);
    expect(process.worker.load).toEqual({ waiting: 8, underWay: 5 });
    // The rest is for others.
    expect(process.worker.full).toBe(false);
    expect(process.worker.take("somebody else's", 2)).toBe(true);
    await process.crash();
  });
});

describe("stopping the worker", () => {
  it("waits for the attempts under way, and makes no more", async () => {
    const world = await worldWithBlackHole(1);
    const process = await world.start(WITHOUT_SCHEDULER);
    const ids = await dispatchMany(process, 1, 10);
    await world.clock.settle();
    let stopped = false;
    void process.stop(20_000).then(() => (stopped = true));
    await world.clock.advance(14_999);
    expect(stopped).toBe(false);
    await world.clock.advance(1);
    await world.clock.settle();
    expect(stopped).toBe(true);
    expect(world.sender.sent).toHaveLength(5);
    const states = await Promise.all(ids.map((id) => world.delivery(id)));
    expect(states.map((delivery) => delivery?.attempts).sort()).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect(process.worker.take("another", 1)).toBe(false);
  });

  it("interrupts an attempt that takes too long, and records an unknown outcome", async () => {
    const world = await worldWithBlackHole(1);
    const process = await world.start(WITHOUT_SCHEDULER);
    const id = await process.dispatch(1);
    await world.clock.settle();
    const stopped = process.stop(2_000);
    await world.clock.advance(2_000);
    await stopped;
    expect((await world.eventsOf(id)).at(-1)).toMatchObject({
      type: "DeliveryAttempted",
      data: { outcome: "unknown", durationMs: 2_000 },
    });
  });
});

describe("the worker in trouble of its own", () => {
  it("makes the attempt again, uncounted, when it could not be sent, and rests longer each time", async () => {
    const world = await worldWithBlackHole(2);
    world.sender.answer = () => notSent("no file handles");
    const process = await world.start(WITHOUT_SCHEDULER);
    const id = await process.dispatch(2);
    const begin = world.clock.now();
    await world.clock.advance(5_000);
    expect(world.sentTimes(id, begin)).toEqual([0, 250, 750, 1_750, 3_750]);
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", attempts: 0, underWay: null });
    world.sender.answer = delivered;
    await world.clock.advance(10_000);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 1 });
    await process.stop();
  });

  it("sends nothing while the log takes no claim, and everything once when it does again", async () => {
    const world = await worldWithBlackHole(2);
    const process = await world.start(WITHOUT_SCHEDULER);
    let down = true;
    world.store.onAppend = (_stream, events, write) =>
      down && events[0]?.type === "DeliveryAttemptStarted"
        ? Promise.reject(new StoreUnavailable("the log is down"))
        : write();
    const ids = await dispatchMany(process, 2, 20);
    await world.clock.advance(60_000);
    expect(world.sender.sent).toEqual([]);
    const claims = world.store.appends.filter(({ events }) => events[0]?.type === "DeliveryAttemptStarted").length;
    expect(claims).toBeLessThan(60);
    down = false;
    await world.clock.advance(10_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("goes on with the others when one delivery's stream cannot be read", async () => {
    const world = await worldWithBlackHole(2);
    const process = await world.start(WITHOUT_SCHEDULER);
    const metadata = { $correlationId: "c", $causationId: "c", actor: "test", schemaVersion: 1 };
    const poison = { id: "0198f1a2-0000-7000-8000-000000000009", type: "Unheard", data: {}, metadata };
    await world.store.append("delivery-poison", [poison], "no_stream");
    expect(process.worker.take("poison", 2)).toBe(true);
    await world.clock.settle();
    expect(process.worker.knows("poison")).toBe(false);
    const id = await process.dispatch(2);
    await world.clock.settle();
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS" });
    await process.stop();
  });

  it("makes no attempt of a delivery whose endpoint it does not know", async () => {
    const world = await worldWithBlackHole(2);
    const process = await world.start(WITHOUT_SCHEDULER);
    const id = await process.dispatch(99);
    await world.clock.advance(5_000);
    expect(world.sender.sent).toEqual([]);
    expect(process.worker.knows(id)).toBe(false);
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", attempts: 0 });
    await process.stop();
  });
});

describe("the worker's metrics", () => {
  async function counted(process: DeliveryProcess, labels: string): Promise<number> {
    return figure(await process.metrics.text(), `webhook_attempts_total{${labels}}`);
  }

  it("count every attempt that ended, and what was given back apart from it", async () => {
    const world = await worldWithBlackHole(3);
    const process = await world.start(WITHOUT_SCHEDULER);
    await process.dispatch(2);
    await world.clock.settle();
    world.sender.answer = () => refusedWith(410, { errorCode: "gone" });
    await process.dispatch(3);
    await world.clock.settle();
    world.sender.answer = () => notSent();
    await process.dispatch(2);
    await world.clock.settle();
    expect(await counted(process, 'outcome="delivered",error_code="none"')).toBe(1);
    expect(await counted(process, 'outcome="failed",error_code="gone"')).toBe(1);
    expect(await counted(process, 'outcome="not_sent",error_code="none"')).toBe(1);
    const text = await process.metrics.text();
    expect(figure(text, 'webhook_attempt_duration_seconds_count{outcome="delivered"}')).toBe(1);
    expect(text).not.toContain('webhook_attempt_duration_seconds_count{outcome="not_sent"}');
    await process.stop();
  });

  it("count what a dead process left under way as unknown, with no duration", async () => {
    const world = await worldWithBlackHole(2);
    world.sender.answer = blackHole(world.clock);
    const dead = await world.start(WITHOUT_SCHEDULER);
    await dead.dispatch(2);
    await world.clock.settle();
    await dead.crash();
    world.sender.answer = delivered;
    const next = await world.start();
    await world.clock.advance(5 * 60_000);
    expect(await counted(next, 'outcome="unknown",error_code="none"')).toBe(1);
    expect(await counted(next, 'outcome="delivered",error_code="none"')).toBe(1);
    const text = await next.metrics.text();
    expect(text).not.toContain('webhook_attempt_duration_seconds_count{outcome="unknown"}');
    await next.stop();
  });
});
