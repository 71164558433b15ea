import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { eventsToAppend } from "../../../../src/commands/handling/command-context.ts";
import { handleCommand, loadStream } from "../../../../src/commands/handling/command-handler.ts";
import type { Decider } from "../../../../src/commands/handling/decider.ts";
import type { GatewayEvent } from "../../../../src/events/catalogue.ts";
import { deliveryStream, evolveDelivery } from "../../../../src/events/delivery.ts";
import type { Delivery, DeliveryEvent } from "../../../../src/events/delivery.ts";
import {
  AppendOutcomeUnknown,
  RevisionConflict,
  StoreUnavailable,
  UnreadableEvent,
} from "../../../../src/events/store/event-store-errors.ts";
import { newContext, newStore, outcomesOf, times } from "../../../fixtures/event-log/store-doubles.ts";
import type { HookedEventStore } from "../../../fixtures/event-log/store-doubles.ts";
import { at, DELIVERY_ID, released, requested, started } from "../../../specification/delivery-story.ts";

const STREAM = deliveryStream(DELIVERY_ID);
const REQUEST = newContext({ actor: "user:3" });

async function storeWithDelivery(): Promise<HookedEventStore> {
  const store = newStore();
  await store.append(STREAM, eventsToAppend([requested()], REQUEST), "no_stream");
  store.appends.length = 0;
  return store;
}

type Decide = Decider<object, Delivery | null, DeliveryEvent>;

function command(decide: Decide, commandId = randomUUID()) {
  return { stream: STREAM, evolve: evolveDelivery, decide, command: {}, commandId, actor: "delivery-worker" };
}

const startIfFree: Decide = (_command, delivery) =>
  delivery?.underWay === null ? [started(delivery.attempts + 1, 0)] : [];

describe("handling a command", () => {
  it("appends what was decided behind what was read, and gives the new state", async () => {
    const store = await storeWithDelivery();
    const handled = await handleCommand(store, command(startIfFree));
    expect(handled.events).toEqual([started(1, 0)]);
    expect(handled.state).toMatchObject({ underWay: { number: 1 } });
    expect(handled).toMatchObject(await loadStream(store, STREAM, evolveDelivery));
  });

  it("copies the request from the stream's last event, and names that event as the cause", async () => {
    const store = await storeWithDelivery();
    await handleCommand(store, command(startIfFree));
    const [first, second] = await store.read(STREAM);
    expect(second?.metadata).toEqual({
      $correlationId: REQUEST.correlationId,
      $causationId: first?.id,
      actor: "delivery-worker",
      schemaVersion: 1,
    });
  });

  it("is its own beginning on an empty stream", async () => {
    const store = newStore();
    const commandId = randomUUID();
    await handleCommand(
      store,
      command(() => [requested()], commandId),
    );
    const [event] = await store.read(STREAM);
    expect(event?.metadata).toMatchObject({ $correlationId: commandId, $causationId: commandId });
  });

  it("appends nothing when there is nothing to do", async () => {
    const store = await storeWithDelivery();
    const handled = await handleCommand(
      store,
      command(() => []),
    );
    expect(handled).toMatchObject({ events: [], revision: "00000000000000000000", state: { status: "PENDING" } });
    expect(store.appends).toEqual([]);
  });

  it("decides again on the newer state when somebody else was faster", async () => {
    const store = await storeWithDelivery();
    const { done } = await outcomesOf(times(20, () => handleCommand(store, command(startIfFree))));
    expect(done).toHaveLength(20);
    expect(done.filter(({ events }) => events.length > 0)).toHaveLength(1);
    expect(await store.read(STREAM)).toHaveLength(2);
  });

  it("does not read the stream when the caller knows it, and reads it when that was out of date", async () => {
    const store = await storeWithDelivery();
    const known = await loadStream(store, STREAM, evolveDelivery);
    let reads = 0;
    const read = store.read.bind(store);
    store.read = (...args) => {
      reads++;
      return read(...args);
    };
    await handleCommand(store, { ...command(startIfFree), known });
    expect(reads).toBe(0);
    const late = await handleCommand(store, { ...command(startIfFree), known });
    expect(reads).toBe(1);
    expect(late.events).toEqual([]);
    expect(late.state).toMatchObject({ underWay: { number: 1 } });
  });

  it("gives up when others were faster each of 16 times", async () => {
    const store = await storeWithDelivery();
    let decisions = 0;
    const overtaken = command((_command, delivery) => {
      decisions++;
      return delivery?.underWay == null ? [started(1, decisions)] : [released(1, decisions)];
    });
    store.onAppend = (stream) => Promise.reject(new RevisionConflict(stream, "no_stream", null));
    await expect(handleCommand(store, overtaken)).rejects.toThrow(RevisionConflict);
    expect(decisions).toBe(16);
  });

  it("begins again until the store takes nothing more, when it is asked to", async () => {
    const store = await storeWithDelivery();
    let appends = 0;
    store.onAppend = (stream) => {
      appends += 1;
      const error = appends < 20 ? new RevisionConflict(stream, "no_stream", null) : new StoreUnavailable("over");
      return Promise.reject(error);
    };
    const patient = { ...command(startIfFree), untilRefused: true };
    await expect(handleCommand(store, patient)).rejects.toThrow(StoreUnavailable);
    expect(appends).toBe(20);
  });

  it("does not repeat a decision that threw", async () => {
    const store = await storeWithDelivery();
    let decisions = 0;
    const broken = command(() => {
      decisions++;
      throw new Error("a mistake");
    });
    await expect(handleCommand(store, broken)).rejects.toThrow("a mistake");
    expect(decisions).toBe(1);
  });

  it("writes once when the same command is handled again after its answer was lost", async () => {
    const store = await storeWithDelivery();
    const known = await loadStream(store, STREAM, evolveDelivery);
    const once = { ...command(startIfFree), known };
    store.onAppend = async (_stream, _events, write) => {
      await write();
      throw new AppendOutcomeUnknown("the connection broke");
    };
    await expect(handleCommand(store, once)).rejects.toThrow(AppendOutcomeUnknown);
    store.onAppend = (_stream, _events, write) => write();
    await expect(handleCommand(store, once)).resolves.toMatchObject({ events: [started(1, 0)] });
    expect(await store.read(STREAM)).toHaveLength(2);
  });
});

describe("the ids of events", () => {
  it("are the same for the same command, and differ by command, index and step", () => {
    const context = newContext();
    const ids = (step: string, of = context) =>
      eventsToAppend([requested(), started(1, 0)], of, step).map(({ id }) => id);
    expect(ids("")).toEqual(ids(""));
    expect(new Set([...ids(""), ...ids("number-"), ...ids("", newContext())]).size).toBe(6);
  });
});

describe("loading a stream", () => {
  it("stops at an event that cannot follow, naming where it stands", async () => {
    const store = newStore();
    await store.append(STREAM, eventsToAppend([requested(), requested()], newContext()), "no_stream");
    const loading = loadStream(store, STREAM, evolveDelivery);
    await expect(loading).rejects.toThrow(UnreadableEvent);
    await expect(loading).rejects.toMatchObject({ stream: STREAM, revision: "00000000000000000001" });
  });

  it("stops at an event that does not belong in the stream", async () => {
    const store = newStore();
    const stranger: GatewayEvent = { type: "NumberTaken", data: { takenAt: at(0) } };
    await store.append(STREAM, eventsToAppend([requested(), stranger], newContext()), "no_stream");
    await expect(loadStream(store, STREAM, evolveDelivery)).rejects.toThrow(
      "NumberTaken does not belong in a stream of the category delivery",
    );
  });

  it("gives nothing for a stream that does not exist", async () => {
    expect(await loadStream(newStore(), STREAM, evolveDelivery)).toEqual({ state: null, revision: null, last: null });
  });
});
