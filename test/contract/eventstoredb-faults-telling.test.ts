import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SubscribeOptions, SubscriptionMessage } from "../../src/events/store/event-store.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { revisionOf } from "../../src/events/store/position.ts";
import { idsOf, PulledSubscription, sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

/** A log whose later subscriptions can be made to give nothing. */
class StallingLog extends MemoryEventStore {
  stalling = false;

  constructor() {
    super({ now: () => 0 });
  }

  override async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
    if (this.stalling) await new Promise((resolve) => options.signal.addEventListener("abort", resolve));
    yield* super.subscribe(options);
  }
}

let log: StallingLog;
let server: FakeEventStoreDb;
let store: EventStoreDbEventStore;
const onConnection = vi.fn<(state: { connected: boolean; reason?: string }) => void>();

beforeEach(async () => {
  onConnection.mockClear();
  log = new StallingLog();
  server = await startFakeEventStoreDb({ log });
  store = await EventStoreDbEventStore.open({
    prefix: "webhook_gateway.",
    url: server.url,
    deadlineMs: 300,
    onConnection,
  });
});
afterEach(async () => {
  await store.close();
  await server.close();
});

/** A subscription that the server has taken and then gives nothing, until that was told of. */
async function inTrouble(): Promise<{ subscription: PulledSubscription; next: Promise<unknown> }> {
  log.stalling = true;
  server.faults.earlyCaughtUp = true;
  const subscription = new PulledSubscription(store, { categories: ["user"] });
  const next = subscription.next();
  const times = onConnection.mock.calls.length;
  await expect.poll(() => onConnection.mock.calls.length, { timeout: 10_000 }).toBe(times + 1);
  expect(onConnection.mock.lastCall?.[0]).toMatchObject({ connected: false });
  return { subscription, next };
}

describe("reports of the connection", () => {
  it("is that all is well again when the one subscription that was in trouble has left", async () => {
    await log.append("user-1", [sampleEvent()], "no_stream");
    const well = new PulledSubscription(store, { categories: ["user"] });
    await well.untilCaughtUp();
    const { subscription, next } = await inTrouble();
    subscription.abort();
    expect(await next).toBeNull();
    expect(onConnection.mock.lastCall?.[0]).toEqual({ connected: true });
    well.abort();
  });

  it("stays trouble when the last subscription left in it, until one goes on", async () => {
    const { port } = server;
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    await subscription.untilCaughtUp();
    const next = subscription.next();
    await server.close();
    await expect.poll(() => onConnection.mock.calls.length).toBe(1);
    subscription.abort();
    expect(await next).toBeNull();
    server = await startFakeEventStoreDb({ log, port });
    expect(onConnection.mock.calls).toMatchObject([[{ connected: false }]]);
    const well = new PulledSubscription(store, { categories: ["user"] });
    await well.untilCaughtUp();
    await expect.poll(() => onConnection.mock.calls.length).toBe(2);
    expect(onConnection.mock.lastCall?.[0]).toEqual({ connected: true });
    well.abort();
  });

  it("is nothing when the server stands still for less than an append may take", async () => {
    const follower = new PulledSubscription(store, { categories: ["user"] });
    await follower.untilCaughtUp();
    server.faults.stall();
    const event = sampleEvent();
    const append = store.append("user-1", [event], "no_stream");
    const beginner = new PulledSubscription(store);
    const begun = beginner.untilCaughtUp();
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.faults.endStall();
    await append;
    expect(idsOf((await follower.untilCaughtUp()).events)).toEqual([event.id]);
    await begun;
    expect(onConnection).not.toHaveBeenCalled();
    for (const subscription of [follower, beginner]) subscription.abort();
  });

  it("is trouble once, however many followers have it, and that it is over once", async () => {
    const { port } = server;
    await log.append("user-1", [sampleEvent()], "no_stream");
    const categories = [["user"], ["endpoint"], undefined, ["user", "endpoint"]];
    const followers = categories.map(
      (some) => new PulledSubscription(store, some === undefined ? {} : { categories: some }),
    );
    for (const follower of followers) await follower.untilCaughtUp();
    const late = followers.map((follower) => follower.untilCaughtUp());
    await server.close();
    await expect.poll(() => onConnection.mock.calls.length).toBe(1);
    // One that begins in the outage has nothing to add, either.
    const beginner = new PulledSubscription(store);
    const begun = beginner.untilCaughtUp();
    await log.append("user-1", [sampleEvent()], revisionOf(0));
    server = await startFakeEventStoreDb({ log, port });
    await Promise.all([...late, begun]);
    await expect.poll(() => onConnection.mock.lastCall?.[0].connected).toBe(true);
    expect(onConnection.mock.calls.map(([{ connected }]) => connected)).toEqual([false, true]);
    for (const follower of [...followers, beginner]) follower.abort();
  });
});
