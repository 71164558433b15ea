import { describe, expect, it } from "vitest";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import { ReadModelsUnavailable } from "../../../../src/projections/store/document-store.ts";
import { times } from "../../../fixtures/event-log/store-doubles.ts";
import { keepingLogger } from "../../../fixtures/log-lines.ts";
import { DeliveryWorld, MINUTE } from "../../../fixtures/processes/delivery-world.ts";
import { delivered, notSent, refusedWith } from "../../../fixtures/processes/fake-sender.ts";

/** A world with 20 endpoints, and a process of it whose lines are kept. */
async function newWorld() {
  const world = new DeliveryWorld();
  await world.registerEndpoints(...times(20, (index) => index + 1));
  world.sender.answer = delivered;
  const { logger, lines } = keepingLogger();
  const start = () => world.start({ logger });
  const warnings = () => lines.filter(({ level }) => Number(level) >= 40);
  return { world, lines, start, warnings };
}

describe("the lines of a process", () => {
  it("have none of level 40 or more in a run without a fault, from its start to its end", async () => {
    const { world, start, warnings, lines } = await newWorld();
    const process = await start();
    await Promise.all(times(100, (index) => process.dispatch((index % 20) + 1)));
    await world.clock.advance(5 * MINUTE);
    await process.stop();
    expect(lines.filter(({ msg }) => msg === "attempt")).toHaveLength(100);
    expect(warnings()).toEqual([]);
  });

  it("have the client's reference in each attempt of a delivery that has one, and no such field otherwise", async () => {
    const { world, start, lines } = await newWorld();
    world.sender.answer = () => refusedWith(500);
    const process = await start();
    const named = await process.dispatch(1, '{"a":1}', "order 42");
    const unnamed = await process.dispatch(2);
    await world.clock.advance(20 * MINUTE);
    await process.stop();
    const attempts = (id: string) => lines.filter(({ msg, delivery }) => msg === "attempt" && delivery === id);
    expect(attempts(named).map(({ attempt, reference }) => [attempt, reference])).toEqual(
      times(5, (index) => [index + 1, "order 42"]),
    );
    expect(attempts(unnamed)).toHaveLength(5);
    for (const line of attempts(unnamed)) expect(line).not.toHaveProperty("reference");
  });

  it("are few while the log takes nothing for 3 s, and say when that is over", async () => {
    const { world, start, warnings, lines } = await newWorld();
    const process = await start();
    let down = false;
    world.store.onAppend = (_stream, events, write) =>
      down && events[0]?.type !== "DeliveryRequested"
        ? Promise.reject(new StoreUnavailable("the log is down"))
        : write();
    down = true;
    await Promise.all(times(500, (index) => process.dispatch((index % 20) + 1)));
    await world.clock.advance(3_000);
    down = false;
    await world.clock.advance(10_000);
    expect(lines.filter(({ msg }) => msg === "attempt")).toHaveLength(500);
    expect(warnings().length).toBeLessThanOrEqual(4);
    expect(warnings()[0]).toMatchObject({
      level: 50,
      msg: "an attempt could not be claimed or recorded",
      err: { code: "store_unavailable", message: "the log is down" },
    });
    expect(lines.filter(({ msg }) => msg === "attempts are claimed and recorded again")).toHaveLength(1);
    await process.stop();
    expect(world.clock.timers).toBe(0);
  });

  it("are few while nothing can be sent for a reason of our own", async () => {
    const { world, start, warnings, lines } = await newWorld();
    world.sender.answer = () => notSent("no file handles");
    const process = await start();
    await Promise.all(times(200, (index) => process.dispatch((index % 20) + 1)));
    await world.clock.advance(3_000);
    world.sender.answer = delivered;
    await world.clock.advance(20_000);
    expect(warnings().length).toBeLessThanOrEqual(4);
    expect(warnings()[0]).toMatchObject({ level: 40, reason: "no file handles" });
    expect(lines.filter(({ msg }) => msg === "attempts are made again")).toHaveLength(1);
    await process.stop();
  });

  it("are one when the to-do list cannot be read, one per scan, and one when it can be read again", async () => {
    const { world, start, warnings, lines } = await newWorld();
    const find = world.documents.find.bind(world.documents);
    const process = await start();
    world.documents.find = () => Promise.reject(new ReadModelsUnavailable("down"));
    await world.clock.advance(MINUTE + 1_000);
    world.documents.find = find;
    await world.clock.advance(2 * MINUTE);
    const ofList = (text: string) => lines.filter(({ msg }) => String(msg).includes(text));
    expect(ofList("the to-do list could not be read").length).toBeLessThanOrEqual(3);
    expect(ofList("the to-do list can be read again")).toHaveLength(1);
    expect(ofList("endpoint deliveries are ended and released again")).toHaveLength(1);
    expect(warnings().length).toBeLessThanOrEqual(6);
    await process.stop();
  });

  it("do not report failures after the end", async () => {
    const { world, start, warnings } = await newWorld();
    const process = await start();
    let fail: (error: Error) => void = () => undefined;
    world.store.head = () => new Promise((_resolve, reject) => (fail = reject));
    await world.clock.advance(MINUTE + 10_000);
    await process.stop();
    fail(new StoreUnavailable("the event store is closed"));
    await world.clock.settle();
    expect(warnings()).toEqual([]);
  });

  it("wait for the to-do list where it is not made yet", async () => {
    const { world, start, warnings } = await newWorld();
    const checkpoint = world.documents.checkpoint.bind(world.documents);
    let make: () => void = () => undefined;
    const made = new Promise<void>((resolve) => (make = resolve));
    world.documents.checkpoint = async (name) => {
      await made;
      return checkpoint(name);
    };
    world.documents.find = () => Promise.reject(new ReadModelsUnavailable("not made yet"));
    const process = await start();
    await world.clock.advance(3 * MINUTE);
    expect(warnings()).toEqual([]);
    world.documents.find = () => Promise.resolve([]);
    make();
    await world.clock.settle();
    expect(process.scheduler.lastScan).not.toBeNull();
    await process.stop();
    expect(warnings()).toEqual([]);
  });
});

describe("a worker that is stopped in an outage", () => {
  it("reports no trouble for attempts cut off by the stop", async () => {
    const { world, start, warnings } = await newWorld();
    const process = await start();
    world.store.onAppend = (_stream, events, write) =>
      events[0]?.type === "DeliveryAttempted" ? Promise.reject(new AppendOutcomeUnknown("no answer")) : write();
    await process.dispatch(1);
    await world.clock.settle();
    const stopped = process.stop(1_000);
    await world.clock.advance(1_000);
    await stopped;
    expect(warnings()).toEqual([]);
  });
});
