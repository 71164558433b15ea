import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import type { DeliveryProcess } from "../../../fixtures/processes/delivery-world.ts";
import { DeliveryWorld, MINUTE } from "../../../fixtures/processes/delivery-world.ts";
import { tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import type { Answer } from "../../../fixtures/processes/fake-sender.ts";
import { blackHole, delivered, refusedWith } from "../../../fixtures/processes/fake-sender.ts";

const ENDPOINT = 1;
const OTHER = 2;
const gone: Answer = () => refusedWith(410, { errorCode: "gone" });
const failing: Answer = () => refusedWith(500);

async function newWorld(answer: Answer = delivered): Promise<DeliveryWorld> {
  const world = new DeliveryWorld();
  await world.registerEndpoints(ENDPOINT, OTHER);
  world.sender.answer = answer;
  return world;
}

/** Ends or begins attempts to the endpoint, as its owner asks; the processes know of it when this resolves. */
async function turn(world: DeliveryWorld, what: "disabled" | "enabled" | "deleted"): Promise<void> {
  const now = world.clock.iso;
  const data = { endpointId: ENDPOINT };
  if (what === "disabled") {
    await tell(world.store, { type: "EndpointDisabled", data: { ...data, reason: "requested", disabledAt: now } });
  } else if (what === "enabled") {
    await tell(world.store, { type: "EndpointEnabled", data: { ...data, enabledAt: now } });
  } else {
    await tell(world.store, { type: "EndpointDeleted", data: { ...data, deletedAt: now } });
  }
  await world.clock.settle();
}

async function dispatchMany(process: DeliveryProcess, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await process.dispatch(ENDPOINT));
  return ids;
}

const typesOf = (events: readonly RecordedEvent[]): string[] => events.map(({ type }) => type);

describe("a disabled endpoint", () => {
  it("holds deliveries to it, and gets them when it is enabled", async () => {
    const world = await newWorld();
    const process = await world.start();
    await turn(world, "disabled");
    const [id = ""] = await dispatchMany(process, 1);
    const other = await process.dispatch(OTHER);
    await world.clock.advance(10 * MINUTE);
    expect(world.sentTimes(id)).toEqual([]);
    expect(world.sentTimes(other)).toHaveLength(1);
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", attempts: 0, held: true, dueAt: null });
    await turn(world, "enabled");
    await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 1, held: false });
    expect(typesOf(await world.eventsOf(id))).toEqual([
      ...["DeliveryRequested", "DeliveryHeld", "DeliveryReleased", "DeliveryAttemptStarted", "DeliveryAttempted"],
    ]);
    await process.stop();
  });

  it("holds a retry when it is due, which keeps the number of its attempts", async () => {
    const world = await newWorld(failing);
    const process = await world.start();
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.settle();
    await turn(world, "disabled");
    await world.clock.advance(3 * MINUTE);
    expect(await world.delivery(id)).toMatchObject({ attempts: 1, held: true });
    world.sender.answer = delivered;
    await turn(world, "enabled");
    await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 2 });
    await process.stop();
  });

  it("is sent what was held at a measured pace, oldest first, each once", async () => {
    const world = await newWorld();
    const process = await world.start();
    await turn(world, "disabled");
    const ids = await dispatchMany(process, 100);
    await world.clock.advance(1_000);
    await turn(world, "enabled");
    const enabledAt = world.clock.now();
    await world.clock.advance(10_000);
    const sent = ids.flatMap((id) => world.sentTimes(id, enabledAt));
    expect(sent).toHaveLength(100);
    // 20 ms apart, behind the look that finds them.
    const held = (await Promise.all(ids.map((id) => world.eventsOf(id)))).flat();
    const dues = held.flatMap(({ type, data }) =>
      type === "DeliveryReleased" ? [Date.parse((data as { dueAt: string }).dueAt) - enabledAt] : [],
    );
    expect(dues.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n * 20));
    expect(Math.max(...sent)).toBeGreaterThanOrEqual(99 * 20);
    await process.stop();
  });

  it("is sent at that pace when the wall clock is set back meanwhile", async () => {
    const world = await newWorld();
    const process = await world.start();
    await turn(world, "disabled");
    const ids = await dispatchMany(process, 100);
    await world.clock.advance(1_000);
    let released = 0;
    world.store.onAppend = (_stream, [event], write) => {
      if (event?.type === "DeliveryReleased" && ++released === 50) world.clock.jump(-3_600_000);
      return write();
    };
    await turn(world, "enabled");
    await world.clock.advance(10_000);
    expect(released).toBe(100);
    // Those that were released before wait for a time of the clock that comes again.
    const sent = ids.filter((id) => world.sentTimes(id).length === 1);
    expect(sent.length).toBeGreaterThanOrEqual(40);
    await process.crash();
  });

  it("is not sent more of what was held once it is disabled again", async () => {
    const world = await newWorld();
    const process = await world.start();
    await turn(world, "disabled");
    const ids = await dispatchMany(process, 50);
    await turn(world, "enabled");
    await world.clock.advance(500);
    await turn(world, "disabled");
    const sentBefore = world.sender.sent.length;
    expect(sentBefore).toBeLessThan(50);
    await world.clock.advance(5 * MINUTE);
    expect(world.sender.sent.length).toBe(sentBefore);
    await turn(world, "enabled");
    await world.clock.advance(10_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("is sent what was held by a process that was started after it was enabled", async () => {
    const world = await newWorld();
    const first = await world.start();
    await turn(world, "disabled");
    const ids = await dispatchMany(first, 10);
    await world.clock.advance(1_000);
    await first.crash();
    await turn(world, "enabled");
    const second = await world.start();
    await world.clock.advance(2_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    await second.stop();
  });

  it("gets each held delivery once from two processes", async () => {
    const world = await newWorld();
    const both = [await world.start(), await world.start()];
    await turn(world, "disabled");
    const ids = (await Promise.all(both.map((process) => dispatchMany(process, 20)))).flat();
    await world.clock.advance(1_000);
    await turn(world, "enabled");
    await world.clock.advance(10_000);
    for (const id of ids) {
      expect(world.sentTimes(id)).toHaveLength(1);
      expect(typesOf(await world.eventsOf(id)).filter((type) => type === "DeliveryReleased")).toHaveLength(1);
    }
    for (const process of both) await process.stop();
  });
});

describe("a deleted endpoint", () => {
  it("has pending deliveries canceled at once, whenever they were due", async () => {
    const world = await newWorld(failing);
    const process = await world.start();
    const ids = await dispatchMany(process, 30);
    const other = await process.dispatch(OTHER);
    await world.clock.advance(1_000);
    await turn(world, "deleted");
    await world.clock.advance(1_000);
    for (const id of ids) expect(await world.delivery(id)).toMatchObject({ status: "CANCELED", attempts: 1 });
    expect(await world.delivery(other)).toMatchObject({ status: "PENDING" });
    await world.clock.advance(20 * MINUTE);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    expect(typesOf(await world.store.read("endpoint-1"))).toEqual([
      ...["EndpointRegistered", "EndpointDeleted", "EndpointDeliveriesEnded"],
    ]);
    await process.stop();
  });

  it("has held deliveries canceled", async () => {
    const world = await newWorld();
    const process = await world.start();
    await turn(world, "disabled");
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.advance(1_000);
    await turn(world, "deleted");
    await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "CANCELED", held: false });
    await process.stop();
  });

  it("lets the attempt under way end, and cancels when it failed", async () => {
    const world = await newWorld(failing);
    world.sender.answer = blackHole(world.clock, 15_000);
    const process = await world.start();
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.settle();
    await turn(world, "deleted");
    await world.clock.advance(10_000);
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", underWay: { number: 1 } });
    await world.clock.advance(2 * MINUTE);
    expect(await world.delivery(id)).toMatchObject({ status: "CANCELED", attempts: 1 });
    expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("cancels what was accepted for it all the same", async () => {
    const world = await newWorld();
    const process = await world.start();
    await turn(world, "deleted");
    await world.clock.advance(5 * MINUTE);
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.settle();
    expect(await world.delivery(id)).toMatchObject({ status: "CANCELED", attempts: 0 });
    expect(world.sender.sent).toEqual([]);
    await process.stop();
  });
});

describe("an endpoint that answers that it is gone", () => {
  it("is disabled, and what was pending then ends", async () => {
    const world = await newWorld(failing);
    const process = await world.start();
    const before = await dispatchMany(process, 10);
    await world.clock.advance(1_000);
    world.sender.answer = gone;
    const [last = ""] = await dispatchMany(process, 1);
    await world.clock.advance(2_000);
    expect(typesOf(await world.eventsOf(last)).slice(-2)).toEqual(["DeliveryAttempted", "DeliveryFailed"]);
    for (const id of before) {
      expect((await world.eventsOf(id)).at(-1)).toMatchObject({ type: "DeliveryFailed", data: { reason: "gone" } });
      expect(world.sentTimes(id)).toHaveLength(1);
    }
    const [, disabled] = await world.store.read("endpoint-1");
    expect(disabled).toMatchObject({ type: "EndpointDisabled", data: { reason: "gone" } });
    const claim = (await world.eventsOf(last)).find(({ type }) => type === "DeliveryAttemptStarted");
    expect(disabled?.metadata).toMatchObject({
      $causationId: claim?.id,
      $correlationId: claim?.metadata.$correlationId,
      actor: "delivery-worker",
    });
    await process.stop();
  });

  it("holds later deliveries until it is enabled", async () => {
    const world = await newWorld(gone);
    const process = await world.start();
    const [first = ""] = await dispatchMany(process, 1);
    await world.clock.advance(1_000);
    const [second = ""] = await dispatchMany(process, 1);
    await world.clock.advance(5 * MINUTE);
    expect(await world.delivery(second)).toMatchObject({ status: "PENDING", held: true });
    world.sender.answer = delivered;
    await turn(world, "enabled");
    await world.clock.advance(1_000);
    expect(await world.delivery(first)).toMatchObject({ status: "FAILED" });
    expect(await world.delivery(second)).toMatchObject({ status: "SUCCESS" });
    await process.stop();
  });

  it("is disabled before the answer is recorded, so that a crash in between loses neither", async () => {
    const world = await newWorld(gone);
    const dying = await world.start();
    world.store.onAppend = async (stream, _events, write) => {
      const written = await write();
      if (stream === "endpoint-1") await dying.crash();
      return written;
    };
    const [id = ""] = await dispatchMany(dying, 1);
    await world.clock.settle();
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", underWay: { number: 1 } });
    const process = await world.start();
    await world.clock.advance(2 * MINUTE);
    expect(typesOf(await world.eventsOf(id)).slice(-2)).toEqual(["DeliveryAttempted", "DeliveryFailed"]);
    expect((await world.eventsOf(id)).at(-1)?.data).toMatchObject({ reason: "gone" });
    expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("is not disabled when it has moved since the attempt began", async () => {
    const world = await newWorld();
    world.sender.answer = async () => {
      const changes = { url: "https://new.example/hook" };
      const data = { endpointId: ENDPOINT, changes, updatedAt: world.clock.iso };
      await tell(world.store, { type: "EndpointUpdated", data });
      return refusedWith(410, { errorCode: "gone" });
    };
    const process = await world.start();
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "FAILED" });
    expect(typesOf(await world.store.read("endpoint-1"))).toEqual(["EndpointRegistered", "EndpointUpdated"]);
    await process.stop();
  });
});
