import { describe, expect, it } from "vitest";
import { EVERYTHING, scopeOfEndpoint, scopeOfUser } from "../../../../src/events/pause.ts";
import type { PauseScope } from "../../../../src/events/pause.ts";
import { keepingLogger } from "../../../fixtures/log-lines.ts";
import { DeliveryWorld, MINUTE } from "../../../fixtures/processes/delivery-world.ts";
import type { DeliveryProcess } from "../../../fixtures/processes/delivery-world.ts";
import { tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import { blackHole, delivered, refusedWith } from "../../../fixtures/processes/fake-sender.ts";
import type { Answer } from "../../../fixtures/processes/fake-sender.ts";
import { pauseIn, resumeIn } from "../../../fixtures/processes/pause-in-log.ts";

const ENDPOINT = 1;
const OTHER = 2;
const failing: Answer = () => refusedWith(500);

async function newWorld(answer: Answer = delivered): Promise<DeliveryWorld> {
  const world = new DeliveryWorld();
  await world.registerEndpoints(ENDPOINT, OTHER);
  world.sender.answer = answer;
  return world;
}

/** Pauses a scope; the processes know of it when this resolves, unless much else has just happened. */
async function pause(world: DeliveryWorld, scope: PauseScope = EVERYTHING): Promise<void> {
  await pauseIn(world.store, scope, world.clock.iso);
  await world.clock.settle();
}

async function resume(world: DeliveryWorld, scope: PauseScope = EVERYTHING): Promise<void> {
  await resumeIn(world.store, scope, world.clock.iso);
  await world.clock.settle();
}

async function dispatchMany(process: DeliveryProcess, count: number, endpoint = ENDPOINT): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await process.dispatch(endpoint));
  return ids;
}

async function typesOf(world: DeliveryWorld, id: string): Promise<string[]> {
  return (await world.eventsOf(id)).map(({ type }) => type);
}

describe("deliveries that are paused", () => {
  it.each([
    ["everything", EVERYTHING, [0, 0]],
    ["their user", scopeOfUser(ENDPOINT), [0, 1]],
    ["their endpoint", scopeOfEndpoint(ENDPOINT), [0, 1]],
  ])("with %s are held and not sent, until they are resumed", async (_name, scope, sent) => {
    const world = await newWorld();
    const { logger, lines } = keepingLogger();
    const process = await world.start({ logger });
    await pause(world, scope);
    const [id = ""] = await dispatchMany(process, 1);
    const [other = ""] = await dispatchMany(process, 1, OTHER);
    await world.clock.advance(10 * MINUTE);
    expect([id, other].map((one) => world.sentTimes(one).length)).toEqual(sent);
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", attempts: 0, held: true, dueAt: null });
    expect((await world.eventsOf(id)).at(-1)).toMatchObject({ type: "DeliveryHeld", data: { reason: "paused" } });
    const about = { user: ENDPOINT, endpoint: ENDPOINT, delivery: id, event: "DeliveryHeld" };
    expect(lines).toContainEqual({ level: 30, ...about, msg: "no attempt: deliveries are paused" });
    await resume(world, scope);
    await world.clock.advance(1_000);
    for (const one of [id, other]) expect(world.sentTimes(one)).toHaveLength(1);
    expect(await typesOf(world, id)).toEqual([
      ...["DeliveryRequested", "DeliveryHeld", "DeliveryReleased", "DeliveryAttemptStarted", "DeliveryAttempted"],
    ]);
    await process.stop();
  });

  it("are released a few seconds ahead when they are many, so that the first leave at once and none together", async () => {
    const world = await newWorld();
    const { logger, lines } = keepingLogger();
    const process = await world.start({ logger });
    await pause(world);
    const ids = await dispatchMany(process, 600);
    await world.clock.advance(1_000);
    const resumedAt = world.clock.now();
    await resume(world);
    const released = async (): Promise<number> => {
      const types = await Promise.all(ids.map((id) => typesOf(world, id)));
      return types.filter((of) => of.includes("DeliveryReleased")).length;
    };
    await world.clock.advance(500);
    // Five seconds at 50 a second, and what is decided together with the last of them.
    expect(await released()).toBeLessThanOrEqual(250 + 20);
    await world.clock.advance(19_500);
    const times = ids.flatMap((id) => world.sentTimes(id)).sort((a, b) => a - b);
    expect(times).toHaveLength(600);
    expect(times[0]! - resumedAt).toBeLessThan(1_000);
    const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
    expect(busiest).toBeLessThanOrEqual(75);
    expect(times.at(-1)! - resumedAt).toBeGreaterThanOrEqual(599 * 20);
    const told = lines.filter(({ msg }) => msg === "deliveries to an enabled endpoint released");
    expect(told).toMatchObject([{ endpoint: ENDPOINT, released: 600 }]);
    await process.stop();
  });

  it("are released at the pace of an endpoint that is enabled, each once", async () => {
    const world = await newWorld();
    const process = await world.start();
    await pause(world);
    const ids = await dispatchMany(process, 100);
    await world.clock.advance(1_000);
    const resumedAt = world.clock.now();
    await resume(world);
    await world.clock.advance(10_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    const events = (await Promise.all(ids.map((id) => world.eventsOf(id)))).flat();
    const dues = events.flatMap(({ type, data }) =>
      type === "DeliveryReleased" ? [Date.parse((data as { dueAt: string }).dueAt) - resumedAt] : [],
    );
    expect(dues.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n * 20));
    await process.stop();
  });

  it("are held when their retry falls due, and keep the number of their attempts", async () => {
    const world = await newWorld(failing);
    const process = await world.start();
    const [held = ""] = await dispatchMany(process, 1);
    await world.clock.settle();
    await pause(world);
    await world.clock.advance(30_000);
    // Its time comes after the pause.
    expect(await world.delivery(held)).toMatchObject({ attempts: 1, held: false });
    await resume(world);
    await world.clock.advance(29_000);
    expect(world.sentTimes(held)).toHaveLength(1);
    await pause(world);
    await world.clock.advance(30 * MINUTE);
    expect(await world.delivery(held)).toMatchObject({ attempts: 1, held: true });
    world.sender.answer = delivered;
    await resume(world);
    await world.clock.advance(1_000);
    expect(await world.delivery(held)).toMatchObject({ status: "SUCCESS", attempts: 2 });
    await process.stop();
  });

  it("end their attempt that is under way", async () => {
    const world = await newWorld();
    world.sender.answer = blackHole(world.clock, 15_000);
    const process = await world.start();
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.settle();
    await pause(world);
    await world.clock.advance(16_000);
    expect(await world.delivery(id)).toMatchObject({ status: "PENDING", attempts: 1, held: false });
    await world.clock.advance(5 * MINUTE);
    expect(await world.delivery(id)).toMatchObject({ attempts: 1, held: true });
    expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("are sent when a pause comes after their claim", async () => {
    const world = await newWorld();
    const process = await world.start();
    world.store.onAppend = async (_stream, events, write) => {
      const written = await write();
      if (events[0]?.type === "DeliveryAttemptStarted") await pause(world);
      return written;
    };
    const [id = ""] = await dispatchMany(process, 1);
    await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS", attempts: 1 });
    await process.stop();
  });

  it("stay held until nothing else covers them", async () => {
    const world = await newWorld();
    const process = await world.start();
    const turn = async (enabled: boolean): Promise<void> => {
      const data = { endpointId: ENDPOINT };
      if (enabled) await tell(world.store, { type: "EndpointEnabled", data: { ...data, enabledAt: world.clock.iso } });
      else {
        const disabled = { ...data, reason: "requested", disabledAt: world.clock.iso } as const;
        await tell(world.store, { type: "EndpointDisabled", data: disabled });
      }
      await world.clock.settle();
    };
    await pause(world);
    await pause(world, scopeOfUser(ENDPOINT));
    await turn(false);
    const [id = ""] = await dispatchMany(process, 1);
    for (const open of [() => turn(true), () => resume(world)]) {
      await open();
      await world.clock.advance(2 * MINUTE);
      expect(await world.delivery(id)).toMatchObject({ held: true });
    }
    await turn(false);
    await resume(world, scopeOfUser(ENDPOINT));
    await world.clock.advance(2 * MINUTE);
    expect(await world.delivery(id)).toMatchObject({ held: true });
    expect(world.sender.sent).toEqual([]);
    await turn(true);
    await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS" });
    await process.stop();
  });

  it("are sent no more of once they are paused again while they are released", async () => {
    const world = await newWorld();
    const process = await world.start();
    await pause(world);
    const ids = await dispatchMany(process, 50);
    await world.clock.advance(1_000);
    await resume(world);
    await world.clock.advance(500);
    await pause(world);
    await world.clock.advance(100);
    const sent = world.sender.sent.length;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(50);
    await world.clock.advance(5 * MINUTE);
    expect(world.sender.sent).toHaveLength(sent);
    await resume(world);
    await world.clock.advance(10_000);
    for (const id of ids) expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("are canceled when their endpoint is deleted", async () => {
    const world = await newWorld();
    const process = await world.start();
    await pause(world);
    const [held = ""] = await dispatchMany(process, 1);
    await world.clock.advance(1_000);
    const data = { endpointId: ENDPOINT, deletedAt: world.clock.iso };
    await tell(world.store, { type: "EndpointDeleted", data });
    await world.clock.advance(1_000);
    expect(await world.delivery(held)).toMatchObject({ status: "CANCELED", held: false });
    const [later = ""] = await dispatchMany(process, 1);
    await world.clock.advance(1_000);
    expect(await world.delivery(later)).toMatchObject({ status: "CANCELED" });
    expect(world.sender.sent).toEqual([]);
    await process.stop();
  });

  it("stay held by a process that starts, and are sent once by several after a resume", async () => {
    const world = await newWorld();
    const first = await world.start();
    await pause(world);
    const ids = await dispatchMany(first, 20);
    await world.clock.advance(1_000);
    await first.crash();
    const both = [await world.start(), await world.start()];
    ids.push(...(await dispatchMany(both[0]!, 20)), ...(await dispatchMany(both[1]!, 20)));
    await world.clock.advance(10 * MINUTE);
    expect(world.sender.sent).toEqual([]);
    await resume(world);
    await world.clock.advance(10_000);
    for (const id of ids) {
      expect(world.sentTimes(id)).toHaveLength(1);
      expect((await typesOf(world, id)).filter((type) => type === "DeliveryReleased")).toHaveLength(1);
    }
    for (const process of both) await process.stop();
  });

  it("are closed as unknown when their process died in an attempt, and then held", async () => {
    const world = await newWorld();
    world.sender.answer = blackHole(world.clock, 15_000);
    const dying = await world.start();
    const [id = ""] = await dispatchMany(dying, 1);
    await world.clock.settle();
    await dying.crash();
    await pause(world);
    world.sender.answer = delivered;
    const process = await world.start();
    await world.clock.advance(10 * MINUTE);
    expect(await typesOf(world, id)).toEqual([
      ...["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted", "DeliveryHeld"],
    ]);
    expect(world.sentTimes(id)).toHaveLength(1);
    await process.stop();
  });

  it("do not wait for the next tick when they were being held just as they were resumed", async () => {
    const world = await newWorld();
    const process = await world.start();
    // The tick is far away.
    await world.clock.advance(MINUTE / 4);
    await pause(world);
    let resumed = false;
    world.store.onAppend = async (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryHeld" || resumed) return write();
      resumed = true;
      await resume(world);
      return write();
    };
    const [id = ""] = await dispatchMany(process, 1);
    for (let second = 0; second < 5; second++) await world.clock.advance(1_000);
    expect(await world.delivery(id)).toMatchObject({ status: "SUCCESS" });
    await process.stop();
  });
});
