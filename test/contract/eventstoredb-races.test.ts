import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppendOutcomeUnknown, EventTooLarge, RevisionConflict } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import type { EventStoreDbOptions } from "../../src/events/store/eventstoredb/opening/eventstoredb-options.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { collect, idsOf, PulledSubscription, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb, FakeEventStoreDbOptions } from "../fixtures/eventstoredb/fake-server.ts";

/** How much later than it is written an event can be read, in ms: up to 43 were seen. */
const LAG_MS = 40;

let resources: AsyncDisposableStack;
let log: MemoryEventStore;
let server: FakeEventStoreDb;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  log = new MemoryEventStore({ now: () => 0 });
  server = await start();
});
afterEach(() => resources.disposeAsync());

async function start(options: Partial<FakeEventStoreDbOptions> = {}): Promise<FakeEventStoreDb> {
  return resources.use(await startFakeEventStoreDb({ log, ...options }));
}

async function open(options: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDbEventStore> {
  const store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway.", ...options });
  return resources.adopt(store, (opened) => opened.close());
}

describe("appends that race for a stream", () => {
  it("report a conflict to the losers when the winner can be read", async () => {
    const stores = [await open(), await open()];
    server.faults.readsLag(LAG_MS);
    for (let race = 0; race < 10; race += 1) {
      const stream = `user-${race}`;
      const outcomes = await Promise.all(
        [0, 1, 2, 3].map(async (racer) => {
          const store = stores[racer % 2]!;
          try {
            return await store.append(stream, [sampleEvent()], "no_stream");
          } catch (error) {
            if (!(error instanceof RevisionConflict)) throw error;
            expect((await store.read(stream)).at(-1)?.revision).toBe(error.actual);
            return null;
          }
        }),
      );
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
    }
  });

  it("give the loser nothing that it cannot use when the winner cannot be read in time", async () => {
    const [winner, loser] = [await open(), await open({ deadlineMs: 300 })];
    const readable: PromiseWithResolvers<void> = Promise.withResolvers();
    server.faults.readsLag(readable.promise);
    const won = winner.append("user-1", [sampleEvent()], "no_stream");
    await expect.poll(() => log.head()).not.toBeNull();
    await expect(loser.append("user-1", [sampleEvent()], "no_stream")).rejects.toMatchObject({
      code: "store_unavailable",
    });
    readable.resolve();
    await won;
    await expect(loser.append("user-1", [sampleEvent()], "no_stream")).rejects.toBeInstanceOf(RevisionConflict);
  });

  it("are one, when they are the same three times at once, and each gets its result", async () => {
    const stores = [await open(), await open(), await open()];
    server.faults.readsLag(LAG_MS);
    server.faults.holdCommitTimeouts(LAG_MS * 2);
    for (const among of [stores, [stores[0]!, stores[0]!, stores[0]!]]) {
      const events = sampleEvents(2);
      const stream = `user-${events[0]!.id}`;
      const results = await Promise.all(among.map((store) => store.append(stream, events, "no_stream")));
      expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
      expect(idsOf(await stores[0]!.read(stream))).toEqual(idsOf(events));
    }
  });

  it("may be unknown to those who come second, until they ask again", async () => {
    const [first, second] = [await open(), await open({ deadlineMs: 200 })];
    const readable: PromiseWithResolvers<void> = Promise.withResolvers();
    server.faults.readsLag(readable.promise);
    const event = sampleEvent();
    const result = first.append("user-1", [event], "no_stream");
    await expect.poll(() => log.head()).not.toBeNull();
    await expect(second.append("user-1", [event], "no_stream")).rejects.toBeInstanceOf(AppendOutcomeUnknown);
    readable.resolve();
    expect(await second.append("user-1", [event], "no_stream")).toEqual(await result);
    expect(await log.read("user-1")).toHaveLength(1);
  });
});

describe("appends that share a call", () => {
  it("are not disturbed by one that is over a lower limit of the server, nor by one that cannot be written", async () => {
    server = await start({ maxAppendBytes: 10_000 });
    const store = await open();
    const text = "x".repeat(20_000);
    const cycle: Record<string, unknown> = {};
    cycle["itself"] = cycle;
    const appends = Array.from({ length: 30 }, (_, index) => {
      const data = index % 10 === 3 ? { text } : index % 10 === 6 ? cycle : { index };
      return store.append(`user-${index}`, [sampleEvent({ data })], "no_stream").catch((error: unknown) => error);
    });
    const outcomes = await Promise.all(appends);
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 10 === 3) {
        expect(outcome).toBeInstanceOf(EventTooLarge);
        expect(outcome).toMatchObject({ limit: 10_000 });
      } else if (index % 10 === 6) expect(outcome).toBeInstanceOf(TypeError);
      else expect(outcome).toHaveProperty("revision");
    }
    expect(await collect(store.readAll())).toHaveLength(24);
    // All but those that cannot be written were sent once, over one call.
    expect([server.appends, server.batchedAppends, server.batches]).toEqual([27, 27, 1]);
  });

  it("are not disturbed by another store of the process whose server dies, is silent or breaks its calls", async () => {
    const others = new MemoryEventStore({ now: () => 0 });
    const dying = await start({ log: others });
    const [well, ill] = [await open(), await open({ url: dying.url, deadlineMs: 300 })];
    const follower = new PulledSubscription(well, { categories: ["user"] });
    await follower.untilCaughtUp();
    const troubles: (() => unknown)[] = [
      () => dying.faults.silence(),
      () => dying.faults.breakAppends(),
      () => dying.faults.endSilence(),
      () => dying.cutConnections(),
      () => dying.close(),
    ];
    const illOnes: Promise<unknown>[] = [];
    for (const [index, trouble] of troubles.entries()) {
      illOnes.push(ill.append(`user-${index}`, [sampleEvent()], "no_stream").catch((error: unknown) => error));
      await trouble();
      const event = sampleEvent();
      await well.append(`user-${index}`, [event], "no_stream");
      expect(idsOf((await follower.untilCaughtUp()).events)).toEqual([event.id]);
    }
    follower.abort();
    await Promise.all(illOnes);
    await ill.close();
    await well.append("user-9", [sampleEvent()], "no_stream");
    expect(server.appends).toBe(troubles.length + 1);
  });
});

describe("a store that closes", () => {
  it("ends in time whatever is under way, and leaves no call", async () => {
    const deadlineMs = 400;
    const store = await open({ deadlineMs });
    const follower = new PulledSubscription(store);
    await follower.untilCaughtUp();
    const next = follower.next();
    server.faults.silence();
    const calls = [
      store.append("user-1", [sampleEvent()], "no_stream"),
      store.append("user-2", [sampleEvent()], "any"),
      store.read("user-1"),
      store.head(),
    ].map((call) => call.then(() => null).catch((error: unknown) => error));
    await expect.poll(() => server.appends).toBe(2);
    // Long before the limits of the client's own, by a timer of the same process, which is late when the process is.
    const late = pause(15 * deadlineMs, "late", { ref: false });
    expect(await Promise.race([store.close(), late])).toBeUndefined();
    for (const outcome of await Promise.all(calls)) expect(outcome).toBeInstanceOf(Error);
    expect(await next).toBeNull();
    server.faults.endSilence();
    await expect.poll(() => server.reads + server.subscriptions + server.batches).toBe(0);
  });
});
