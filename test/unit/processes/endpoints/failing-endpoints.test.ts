import { describe, expect, it } from "vitest";
import { endpointStream } from "../../../../src/events/endpoint.ts";
import { EVERYTHING } from "../../../../src/events/pause.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import type { DeliveryProcess } from "../../../fixtures/processes/delivery-world.ts";
import { DeliveryWorld, MINUTE } from "../../../fixtures/processes/delivery-world.ts";
import { tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import type { Answer } from "../../../fixtures/processes/fake-sender.ts";
import { delivered, refusedWith } from "../../../fixtures/processes/fake-sender.ts";
import { pauseIn, resumeIn } from "../../../fixtures/processes/pause-in-log.ts";

const ENDPOINT = 1;
const OTHER = 2;
/** Warned after 10 minutes and disabled after 30, each with 3 attempts. */
const failing = { attempts: 3, warnAfterMs: 10 * MINUTE, disableAfterMs: 30 * MINUTE };
const failed: Answer = () => refusedWith(500);

async function newWorld(answer: Answer = failed): Promise<DeliveryWorld> {
  const world = new DeliveryWorld();
  await world.registerEndpoints(ENDPOINT, OTHER);
  world.sender.answer = answer;
  return world;
}

/** Dispatches one each so many minutes, for so long. */
async function dispatchEvery(
  process: DeliveryProcess,
  world: DeliveryWorld,
  every: number,
  minutes: number,
): Promise<string[]> {
  const ids: string[] = [];
  for (let minute = 0; minute < minutes; minute += every) {
    ids.push(await process.dispatch(ENDPOINT));
    await world.clock.advance(every * MINUTE);
  }
  return ids;
}

async function turnsOf(world: DeliveryWorld, endpoint = ENDPOINT): Promise<RecordedEvent[]> {
  return (await world.store.read(endpointStream(endpoint))).slice(1);
}
const typesOf = (events: readonly RecordedEvent[]): string[] => events.map(({ type }) => type);

describe("an endpoint of which every attempt fails", () => {
  it("is warned of and then disabled, once each, and its deliveries are held", async () => {
    const world = await newWorld();
    const process = await world.start({ failing });
    const begun = world.clock.now();
    await dispatchEvery(process, world, 1, 9);
    expect(await turnsOf(world)).toEqual([]);
    await dispatchEvery(process, world, 1, 10);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing"]);
    const ids = await dispatchEvery(process, world, 1, 20);
    const [warned, disabled] = await turnsOf(world);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing", "EndpointDisabled"]);
    expect(warned?.data).toMatchObject({ endpointId: ENDPOINT, failingSince: new Date(begun).toISOString() });
    expect((warned?.data as { failures: number }).failures).toBeGreaterThanOrEqual(3);
    expect(disabled?.data).toMatchObject({ endpointId: ENDPOINT, reason: "failing" });
    const last = await world.delivery(ids.at(-1) ?? "");
    expect(last).toMatchObject({ status: "PENDING", held: true });
    await world.clock.advance(60 * MINUTE);
    expect(await turnsOf(world)).toHaveLength(2);
    await process.stop();
  });

  it("is left alone when they are few, however long it takes", async () => {
    const world = await newWorld();
    const process = await world.start({ failing: { ...failing, attempts: 6 } });
    await process.dispatch(ENDPOINT);
    await world.clock.advance(24 * 60 * MINUTE);
    expect(await turnsOf(world)).toEqual([]);
    await process.stop();
  });

  it("is left alone when they are many at once", async () => {
    const world = await newWorld();
    const process = await world.start({ failing });
    for (let n = 0; n < 100; n++) await process.dispatch(ENDPOINT);
    await world.clock.advance(9 * MINUTE);
    expect(await turnsOf(world)).toEqual([]);
    await process.stop();
  });

  it("is left alone when a single one succeeds in time", async () => {
    const world = await newWorld();
    const process = await world.start({ failing });
    for (let round = 0; round < 6; round++) {
      await dispatchEvery(process, world, 2, 8);
      world.sender.answer = delivered;
      await dispatchEvery(process, world, 1, 1);
      world.sender.answer = failed;
    }
    expect(await turnsOf(world)).toEqual([]);
    await process.stop();
  });

  it("starts over when it is enabled or moved", async () => {
    const world = await newWorld();
    const process = await world.start({ failing });
    await dispatchEvery(process, world, 1, 35);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing", "EndpointDisabled"]);
    await tell(world.store, { type: "EndpointEnabled", data: { endpointId: ENDPOINT, enabledAt: world.clock.iso } });
    await dispatchEvery(process, world, 1, 8);
    expect(await turnsOf(world)).toHaveLength(3);
    const changes = { url: "https://elsewhere.example" };
    const updatedAt = world.clock.iso;
    await tell(world.store, { type: "EndpointUpdated", data: { endpointId: ENDPOINT, changes, updatedAt } });
    await dispatchEvery(process, world, 1, 8);
    expect(await turnsOf(world)).toHaveLength(4);
    await dispatchEvery(process, world, 1, 30);
    expect(typesOf(await turnsOf(world)).slice(4)).toEqual(["EndpointFailing", "EndpointDisabled"]);
    await process.stop();
  });

  it("is reported once by two processes, and by one after a crash", async () => {
    const world = await newWorld();
    const [first, second] = [await world.start({ failing }), await world.start({ failing })];
    await dispatchEvery(first, world, 1, 20);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing"]);
    await first.crash();
    const third = await world.start({ failing });
    await dispatchEvery(third, world, 1, 25);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing", "EndpointDisabled"]);
    await second.stop();
    await third.stop();
  });

  it("is not warned of or disabled for the time of a pause, in which it could not prove that it works", async () => {
    const world = await newWorld();
    const process = await world.start({ failing });
    await dispatchEvery(process, world, 1, 5);
    await pauseIn(world.store, EVERYTHING, world.clock.iso);
    await world.clock.advance(60 * MINUTE);
    expect(await turnsOf(world)).toEqual([]);
    await resumeIn(world.store, EVERYTHING, world.clock.iso);
    await dispatchEvery(process, world, 1, 9);
    expect(await turnsOf(world)).toEqual([]);
    await dispatchEvery(process, world, 1, 10);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing"]);
    await pauseIn(world.store, EVERYTHING, world.clock.iso);
    await world.clock.advance(60 * MINUTE);
    await resumeIn(world.store, EVERYTHING, world.clock.iso);
    await dispatchEvery(process, world, 1, 29);
    expect(await turnsOf(world)).toHaveLength(1);
    await dispatchEvery(process, world, 1, 10);
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing", "EndpointDisabled"]);
    await process.stop();
  });

  it("does not affect other endpoints", async () => {
    const world = await newWorld((request) => (request.endpointId === ENDPOINT ? refusedWith(500) : delivered()));
    const process = await world.start({ failing });
    for (let minute = 0; minute < 40; minute++) {
      await process.dispatch(ENDPOINT);
      await process.dispatch(OTHER);
      await world.clock.advance(MINUTE);
    }
    expect(typesOf(await turnsOf(world))).toEqual(["EndpointFailing", "EndpointDisabled"]);
    expect(await turnsOf(world, OTHER)).toEqual([]);
    await process.stop();
  });
});
