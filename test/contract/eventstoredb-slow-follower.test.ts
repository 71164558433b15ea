import fc from "fast-check";
import { expect, test } from "vitest";
import type { SubscriptionMessage } from "../../src/events/store/event-store.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { SubscriptionRecorder } from "../fixtures/event-log/event-recorder.ts";
import { idsOf, PulledSubscription, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

/** More events than are kept for those who follow (4,096), so that one who takes none of them meanwhile falls out. */
const BATCHES = 45;
const BATCH = 100;

const BREAKS = {
  broken: (server: FakeEventStoreDb) => server.faults.breakStreams(),
  ended: (server: FakeEventStoreDb) => server.faults.endSubscriptions(),
  cut: (server: FakeEventStoreDb) => server.cutConnections(),
  refused(server: FakeEventStoreDb) {
    server.faults.refuseCalls(2);
    server.faults.breakStreams();
  },
} satisfies Record<string, (server: FakeEventStoreDb) => void>;

const aBreak = fc.record({
  /** Behind how many batches it comes while the slow one takes nothing, or behind how many events when it reads again. */
  behind: fc.integer({ min: 1, max: BATCHES }),
  kind: fc.constantFrom(...(Object.keys(BREAKS) as (keyof typeof BREAKS)[])),
});

function eventsOf(messages: readonly SubscriptionMessage[]): { id: string }[] {
  return messages.flatMap((message) => (message.kind === "event" ? [message.event] : []));
}

test("a follower that falls out of the recent events reads them again by itself, once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(aBreak, { maxLength: 4 }),
      fc.array(aBreak, { maxLength: 4 }),
      fc.integer({ min: 1, max: 250 }),
      async (whileAway, whileReading, taken) => {
        const log = new MemoryEventStore({ now: () => 0 });
        await using server = await startFakeEventStoreDb({ log, systemEvents: true });
        const store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway." });
        const slow = new PulledSubscription(store, { categories: ["user"] });
        const fast = new SubscriptionRecorder(store, { categories: ["user", "other"] });
        await slow.untilCaughtUp();
        await fast.until(({ kind }) => kind === "caughtUp");
        const ids: string[] = [];
        const given: string[] = [];
        const take = async (): Promise<void> => {
          const message = await slow.next();
          if (message?.kind === "event") given.push(message.event.id);
        };
        for (let batch = 1; batch <= BATCHES; batch += 1) {
          const events = sampleEvents(BATCH);
          await log.append(`user-${batch}`, events, "no_stream");
          ids.push(...idsOf(events));
          if (batch <= 2) while (given.length < Math.min(taken, ids.length)) await take();
          for (const { behind, kind } of whileAway) if (behind === batch) BREAKS[kind](server);
        }
        const [last] = ids.slice(-1);
        await fast.until((message) => message.kind === "event" && message.event.id === last);
        while (given.length < ids.length) {
          await take();
          for (const { behind, kind } of whileReading) if (given.length === behind * BATCH) BREAKS[kind](server);
        }
        expect(given).toEqual(ids);
        const head = await store.head();
        const { events, position } = await slow.untilCaughtUp();
        expect(events).toEqual([]);
        expect((position ?? "") >= head!).toBe(true);
        await fast.stop();
        expect(idsOf(eventsOf(fast.messages))).toEqual(ids);
        slow.abort();
        await store.close();
      },
    ),
    { numRuns: 6, endOnFailure: true },
  );
}, 120_000);

test("a follower that asks for more than the others misses nothing of it, whenever it joins", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("user", "other", "join"), { minLength: 5, maxLength: 30 }),
      async (steps) => {
        const log = new MemoryEventStore({ now: () => 0 });
        await using server = await startFakeEventStoreDb({ log });
        const store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway." });
        const first = new SubscriptionRecorder(store, { categories: ["user"] });
        await first.until(({ kind }) => kind === "caughtUp");
        const others: string[] = [];
        const joined: { recorder: SubscriptionRecorder; from: number }[] = [];
        for (const step of steps) {
          if (step === "join") {
            const after = await log.head();
            const recorder = new SubscriptionRecorder(store, { after, categories: ["other"] });
            joined.push({ recorder, from: others.length });
            continue;
          }
          const events = sampleEvents(3);
          for (const event of events) await log.append(`${step}-1`, [event], "any");
          if (step === "other") others.push(...idsOf(events));
        }
        const head = await store.head();
        for (const { recorder, from } of joined) {
          await recorder.until((message) => message.kind === "caughtUp" && (message.position ?? "") >= (head ?? ""));
          await recorder.stop();
          expect(idsOf(eventsOf(recorder.messages))).toEqual(others.slice(from));
        }
        await first.stop();
        await store.close();
      },
    ),
    { numRuns: 15, endOnFailure: true },
  );
}, 120_000);
