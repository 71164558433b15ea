import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventToAppend, SubscribeOptions, SubscriptionMessage } from "../../src/events/store/event-store.ts";
import { LogReplaced, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { SubscriptionRecorder } from "../fixtures/event-log/event-recorder.ts";
import {
  appendEach,
  idsOf,
  PulledSubscription,
  sampleEvent,
  sampleEvents,
} from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

/** A log whose subscriptions can be made to give nothing more, and that counts what they gave. */
class HoldableLog extends MemoryEventStore {
  held = false;
  taken = 0;

  constructor() {
    super({ now: () => Date.now() });
  }

  override async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
    for await (const message of super.subscribe(options)) {
      if (this.held) await new Promise((resolve) => options.signal.addEventListener("abort", resolve));
      this.taken += 1;
      yield message;
    }
  }
}

let log: HoldableLog;
let server: FakeEventStoreDb;
let store: EventStoreDbEventStore;
const onFault = vi.fn<(error: Error) => void>();
const onConnection = vi.fn<(state: { connected: boolean; reason?: string }) => void>();

beforeEach(async () => {
  onFault.mockClear();
  onConnection.mockClear();
  log = new HoldableLog();
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

/** Appends to the log behind the server's back, as another instance does. */
async function append(stream: string, events: readonly EventToAppend[]): Promise<void> {
  await appendEach(log, stream, events);
}

/** Follows the users, while something is done to the server between the appends, and expects all events once, in order. */
async function expectNothingLost(disturb: (round: number) => Promise<void> | void): Promise<void> {
  const events: EventToAppend[] = [];
  const recorder = new SubscriptionRecorder(store, { categories: ["user"] });
  for (let round = 0; round < 6; round += 1) {
    const some = sampleEvents(40);
    events.push(...some);
    await append("user-1", some);
    await append("other-1", sampleEvents(3));
    // In the midst of them.
    await recorder.until((message) => message.kind === "event" && message.event.id === some[0]!.id);
    await disturb(round);
  }
  const last = sampleEvent();
  events.push(last);
  await append("user-2", [last]);
  await recorder.until((message) => message.kind === "event" && message.event.id === last.id);
  const head = (await store.head())!;
  await recorder.until((message) => message.kind === "caughtUp" && (message.position ?? "") >= head);
  await recorder.stop();
  expect(idsOf(eventsOf(recorder.messages))).toEqual(idsOf(events));
}

function eventsOf(messages: readonly SubscriptionMessage[]): { id: string }[] {
  return messages.flatMap((message) => (message.kind === "event" ? [message.event] : []));
}

describe("a subscription loses nothing, doubles nothing and keeps the order", () => {
  it("when its call breaks, again and again", () => expectNothingLost(() => server.faults.breakStreams()));

  it("when the server ends its call without an error", () => expectNothingLost(() => server.faults.endSubscriptions()));

  it("when the server drops it as too slow", () => expectNothingLost(() => server.faults.dropSlowConsumers()));

  it("when its connection is cut", () => expectNothingLost(() => server.cutConnections()));

  it("when the server is killed, and is back on its port", () =>
    expectNothingLost(async (round) => {
      if (round % 2 === 1) return;
      const { port } = server;
      await server.close();
      server = await startFakeEventStoreDb({ log, systemEvents: true, port });
    }));

  it("when the server freezes and goes on", () =>
    expectNothingLost(async (round) => {
      if (round !== 2) return;
      server.faults.silence();
      await expect.poll(() => onConnection.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(0);
      server.faults.endSilence();
    }));

  it("when its call stalls while the server answers everything else", async () => {
    const recorder = new SubscriptionRecorder(store, { categories: ["user"] });
    await recorder.until((message) => message.kind === "caughtUp");
    log.held = true;
    const events = sampleEvents(3);
    await append("user-1", events);
    await expect.poll(() => onConnection.mock.lastCall?.[0], { timeout: 10_000 }).toMatchObject({ connected: false });
    expect(onConnection.mock.lastCall?.[0].reason).toMatch(/sent nothing of what is due/);
    log.held = false;
    await recorder.until((message) => message.kind === "event" && message.event.id === events[2]!.id);
    await recorder.stop();
    expect(idsOf(eventsOf(recorder.messages))).toEqual(idsOf(events));
  });
});

describe("a subscription whose server is away", () => {
  it("begins when the server is there, and until then reports that it is not", async () => {
    const { port } = server;
    await server.close();
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    const caughtUp = subscription.untilCaughtUp();
    await expect.poll(() => onConnection.mock.lastCall?.[0]).toMatchObject({ connected: false });
    expect(onConnection.mock.lastCall?.[0].reason).toMatch(/UNAVAILABLE/);
    const event = sampleEvent();
    await append("user-1", [event]);
    server = await startFakeEventStoreDb({ log, systemEvents: true, port });
    expect(idsOf((await caughtUp).events)).toEqual([event.id]);
    expect(onConnection.mock.lastCall?.[0]).toEqual({ connected: true });
    subscription.abort();
  });

  it("ends at once when it is aborted, and when the store closes", async () => {
    await server.close();
    const [aborted, closed] = [new PulledSubscription(store), new PulledSubscription(store)];
    const ends = [aborted.next(), closed.next()];
    await expect.poll(() => onConnection.mock.calls.length).toBe(1);
    aborted.abort();
    expect(await ends[0]).toBeNull();
    await store.close();
    expect(await ends[1]).toBeNull();
  });
});

describe("caughtUp", () => {
  it("comes after all events that were there, also when the server says so before it sends them", async () => {
    await append("user-1", sampleEvents(90));
    server.faults.earlyCaughtUp = true;
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    for (let taken = 0; taken < 90; taken += 1) {
      expect((await subscription.next())?.kind).toBe("event");
      // The rest waits in the client's buffer meanwhile, with all that the server said behind it.
      if (taken === 5) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const caughtUp = await subscription.next();
    expect(caughtUp?.kind === "caughtUp" && (caughtUp.position ?? "") >= (await store.head())!).toBe(true);
    subscription.abort();
  });
});

describe("a subscription that no one reads", () => {
  it("does not read ahead", async () => {
    for (let batch = 0; batch < 20; batch += 1) {
      await append(
        "user-1",
        Array.from({ length: 100 }, () => sampleEvent({ data: { text: "x".repeat(5_000) } })),
      );
    }
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    expect((await subscription.next())?.kind).toBe("event");
    const before = log.taken;
    await store.append("other-1", [sampleEvent()], "no_stream");
    expect(before).toBeLessThan(1_000);
    expect(log.taken).toBeLessThan(1_000);
    subscription.abort();
  });

  it.each([
    ["aborted", (subscription: PulledSubscription): void => subscription.abort()],
    ["closed with its store", (): void => void store.close()],
  ])("leaves no call on the server when it is %s", async (_, end) => {
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    await subscription.untilCaughtUp();
    // That by which it read what was there is over, and the server may not have seen so yet.
    await expect.poll(() => server.subscriptions).toBe(1);
    const next = subscription.next();
    end(subscription);
    expect(await next).toBeNull();
    await expect.poll(() => server.subscriptions).toBe(0);
  });

  it("leaves no call on the server when its consumer leaves", async () => {
    await append("user-1", sampleEvents(3));
    for await (const message of store.subscribe({ signal: new AbortController().signal })) {
      expect(message.kind).toBe("event");
      break;
    }
    await expect.poll(() => server.subscriptions).toBe(0);
  });
});

describe("a log that was replaced under a subscription", () => {
  const old = sampleEvents(6);

  /** Follows all of the old log, replaces it, and gives what the subscription ends with. */
  async function replaceBy(events: readonly EventToAppend[]): Promise<unknown> {
    await append("user-1", old);
    const others = ["user", "nobody"].map((category) => new PulledSubscription(store, { categories: [category] }));
    for (const subscription of others) await subscription.untilCaughtUp();
    const replacement = new MemoryEventStore({ now: () => 0 });
    if (events.length > 0) await replacement.append("user-1", events, "no_stream");
    const ends = others.map((subscription) => failureOf(subscription));
    server.replaceLog(replacement);
    return ends[0];
  }

  async function failureOf(subscription: PulledSubscription): Promise<unknown> {
    try {
      while ((await subscription.next()) !== null);
      return null;
    } catch (error) {
      return error;
    }
  }

  it.each([
    ["an older copy", old.slice(0, 3)],
    ["an older copy that has grown further since", [...old.slice(0, 5), ...sampleEvents(10)]],
    ["an empty one", []],
  ])("by %s ends it, and no append is taken any more", async (_, events) => {
    expect(await replaceBy(events)).toBeInstanceOf(LogReplaced);
    expect(onFault).toHaveBeenCalledTimes(1);
    expect(onFault.mock.lastCall?.[0]).toBeInstanceOf(LogReplaced);
    const { appends } = server;
    const refused = store.append("user-9", [sampleEvent()], "no_stream");
    await expect(refused).rejects.toThrow(/replaced/);
    await expect(refused).rejects.toBeInstanceOf(StoreUnavailable);
    expect(server.appends).toBe(appends);
  });

  it("is refused as well when someone begins after a position that it has not reached", async () => {
    await append("user-1", old);
    const after = await store.head();
    const replacement = new MemoryEventStore({ now: () => 0 });
    await replacement.append("user-1", old.slice(0, 2), "no_stream");
    server.replaceLog(replacement);
    expect(await failureOf(new PulledSubscription(store, { after }))).toBeInstanceOf(LogReplaced);
  });
});
