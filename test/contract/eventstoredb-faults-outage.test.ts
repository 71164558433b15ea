import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventToAppend } from "../../src/events/store/event-store.ts";
import { LogReplaced, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { positionOf } from "../../src/events/store/position.ts";
import { SubscriptionRecorder } from "../fixtures/event-log/event-recorder.ts";
import { idsOf, PulledSubscription, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import { appendForeign } from "../fixtures/eventstoredb/foreign-events.ts";

let log: MemoryEventStore;
let server: FakeEventStoreDb;
let store: EventStoreDbEventStore;
const onFault = vi.fn<(error: Error) => void>();
const onConnection = vi.fn<(state: { connected: boolean; reason?: string }) => void>();

beforeEach(async () => {
  onFault.mockClear();
  onConnection.mockClear();
  log = new MemoryEventStore({ now: () => 0 });
  server = await startFakeEventStoreDb({ log, systemEvents: true });
  store = await EventStoreDbEventStore.open({
    prefix: "webhook_gateway.",
    url: server.url,
    deadlineMs: 400,
    onFault,
    onConnection,
  });
});
afterEach(async () => {
  await store.close();
  await server.close();
});

/** Puts another server on the port of the one that is away, over this log. */
async function restart(over = log): Promise<void> {
  server = await startFakeEventStoreDb({ log: over, systemEvents: true, port: server.port });
}

/** What was told of the connection, in order. */
function told(): boolean[] {
  return onConnection.mock.calls.map(([{ connected }]) => connected);
}

/** What the subscription ends with; null when it ends without an error. */
async function failureOf(subscription: PulledSubscription): Promise<unknown> {
  try {
    while ((await subscription.next()) !== null);
    return null;
  } catch (error) {
    return error;
  }
}

describe("a server that is down and back on its port, twice", () => {
  it.each([
    ["killed", () => server.close()],
    ["stopped", () => server.closeGracefully()],
  ])("is told of once each time, with the reason, and is no fault: %s", async (_, end) => {
    const recorder = new SubscriptionRecorder(store, { categories: ["user"] });
    await recorder.until(({ kind }) => kind === "caughtUp");
    const events: EventToAppend[] = [];
    for (const expected of [
      [false, true],
      [false, true, false, true],
    ]) {
      await end();
      await expect.poll(told).toEqual(expected.slice(0, -1));
      expect(onConnection.mock.lastCall![0].reason).toMatch(/./);
      const event = sampleEvent();
      events.push(event);
      await log.append("user-1", [event], "any");
      await restart();
      await recorder.until((message) => message.kind === "event" && message.event.id === event.id);
      expect(told()).toEqual(expected);
      expect(onConnection.mock.lastCall![0]).toEqual({ connected: true });
    }
    await recorder.stop();
    const given = recorder.messages.flatMap((message) => (message.kind === "event" ? [message.event] : []));
    expect(idsOf(given)).toEqual(idsOf(events));
    expect(onFault).not.toHaveBeenCalled();
    // No fault, so appends are taken.
    const event = sampleEvent();
    const taken = (): Promise<string> => store.append("user-2", [event], "no_stream").then(() => "taken", String);
    await expect.poll(taken, { timeout: 10_000 }).toBe("taken");
  });

  it("is back only when all subscriptions go on", async () => {
    const recorders = Array.from({ length: 4 }, () => new SubscriptionRecorder(store, { categories: ["user"] }));
    for (const recorder of recorders) await recorder.until(({ kind }) => kind === "caughtUp");
    await server.close();
    await expect.poll(told).toEqual([false]);
    await log.append("user-1", [sampleEvent()], "no_stream");
    await restart();
    for (const recorder of recorders) await recorder.until(({ kind }) => kind === "event");
    for (const recorder of recorders) await recorder.stop();
    expect(told()).toEqual([false, true]);
  });
});

describe("a log with other places when its server is back", () => {
  it.each([
    ["the last event that was taken", "user-1"],
    ["the end of the searched part, where only others wrote", null],
  ])("is another one, since no event begins at %s", async (_, stream) => {
    const { port } = server;
    await server.close();
    const small = new MemoryEventStore({ now: () => 0 });
    server = await startFakeEventStoreDb({ log: small, port });
    for (const event of sampleEvents(7)) {
      if (stream === null) await appendForeign(server.url, "orders-1");
      else await small.append(stream, [event], "any");
    }
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    await subscription.untilCaughtUp();
    const end = failureOf(subscription);
    await server.close();
    // Of this one no event has position 7.
    await log.append("user-1", sampleEvents(90), "no_stream");
    await restart();
    expect(await end).toBeInstanceOf(LogReplaced);
    expect(onFault).toHaveBeenCalledTimes(1);
    const after = positionOf(7);
    expect(await store.idAt(after)).toBeNull();
    expect(await failureOf(new PulledSubscription(store, { after }))).toBeInstanceOf(LogReplaced);
  });
});

describe("a log that is another one when its server is back", () => {
  const old = sampleEvents(6);

  async function comesBackWith(events: readonly EventToAppend[]): Promise<unknown> {
    await log.append("user-1", old, "no_stream");
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    await subscription.untilCaughtUp();
    const end = failureOf(subscription);
    await server.close();
    await expect.poll(told).toEqual([false]);
    const other = new MemoryEventStore({ now: () => 0 });
    if (events.length > 0) await other.append("user-1", events, "no_stream");
    await restart(other);
    return end;
  }

  it.each([
    ["empty", []],
    ["older", old.slice(0, 2)],
    ["older and has grown since", [...old.slice(0, 5), ...sampleEvents(9)]],
    ["another one's, of the same length", sampleEvents(6)],
  ])("is refused until a restart when it is %s", async (_, events) => {
    expect(await comesBackWith(events)).toBeInstanceOf(LogReplaced);
    expect(onFault).toHaveBeenCalledTimes(1);
    await expect(store.append("user-9", [sampleEvent()], "no_stream")).rejects.toBeInstanceOf(StoreUnavailable);
    expect(server.appends).toBe(0);
    await store.close();
    store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway.", onFault });
    await store.append("user-9", [sampleEvent()], "no_stream");
    expect(onFault).toHaveBeenCalledTimes(1);
  });
});
