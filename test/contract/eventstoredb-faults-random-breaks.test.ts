import fc from "fast-check";
import { expect, test } from "vitest";
import type { RecordedEvent, SubscriptionMessage } from "../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { SubscriptionRecorder } from "../fixtures/event-log/event-recorder.ts";
import { appendEach, collect, idsOf, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

/** What goes wrong, and behind how many more events that the subscriber was given. */
interface Break {
  readonly behind: number;
  readonly kind: keyof typeof BREAKS;
}

const BREAKS = {
  broken: (server: FakeEventStoreDb) => server.faults.breakStreams(),
  ended: (server: FakeEventStoreDb) => server.faults.endSubscriptions(),
  dropped: (server: FakeEventStoreDb) => server.faults.dropSlowConsumers(),
  cut: (server: FakeEventStoreDb) => server.cutConnections(),
  refused(server: FakeEventStoreDb) {
    server.faults.refuseCalls(2);
    server.faults.breakStreams();
  },
  early(server: FakeEventStoreDb) {
    server.faults.earlyCaughtUp = !server.faults.earlyCaughtUp;
    server.faults.breakStreams();
  },
} satisfies Record<string, (server: FakeEventStoreDb) => void>;

const CATEGORIES = ["user", "endpoint", "other"];
const aBreak: fc.Arbitrary<Break> = fc.record({
  behind: fc.integer({ min: 0, max: 25 }),
  kind: fc.constantFrom(...(Object.keys(BREAKS) as Break["kind"][])),
});
/** An append: its category and how many events it has. */
const append = fc.tuple(fc.constantFrom(...CATEGORIES), fc.integer({ min: 1, max: 12 }));

/** The events that a subscription to these categories has to give, in order; undefined: to all. */
function wanted(events: readonly RecordedEvent[], categories: readonly string[] | undefined): RecordedEvent[] {
  return events.filter(({ stream }) => categories?.includes(stream.split("-")[0]!) ?? true);
}

/** What the read gives when no break of before meets it. */
async function onceServed<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
}

/** Every event is given once and in order, and `caughtUp` only behind all events up to its position, and never goes back. */
function expectWhole(messages: readonly SubscriptionMessage[], events: readonly RecordedEvent[]): void {
  let given = 0;
  let reached = "";
  for (const message of messages) {
    if (message.kind === "event") {
      expect(message.event).toEqual(events[given]);
      expect(message.event.position > reached).toBe(true);
      given += 1;
      continue;
    }
    const { position } = message;
    expect((position ?? "") >= reached).toBe(true);
    reached = position ?? "";
    expect(events.filter((event) => event.position <= reached)).toHaveLength(given);
  }
  expect(given).toBe(events.length);
}

test("subscriptions give every event once, in order, whatever breaks at whatever moment under appends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(append, { minLength: 12, maxLength: 24 }),
      fc.array(aBreak, { minLength: 1, maxLength: 6 }),
      async (appends, breaks) => {
        const log = new MemoryEventStore({ now: () => 0 });
        await using server = await startFakeEventStoreDb({ log, systemEvents: true });
        const store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway." });
        const followed = [["user", "endpoint"], ["other"], undefined];
        const plan = [...breaks];
        let left = plan[0]!.behind;
        // The third one, which is given all, breaks the calls of all three from within the giving.
        const recorders = followed.map(
          (categories) =>
            new SubscriptionRecorder(breaking(categories), categories === undefined ? {} : { categories }),
        );
        function breaking(categories: readonly string[] | undefined): Pick<EventStoreDbEventStore, "subscribe"> {
          if (categories !== undefined) return store;
          return {
            async *subscribe(options) {
              for await (const message of store.subscribe(options)) {
                yield message;
                if (message.kind === "caughtUp" || plan.length === 0 || (left -= 1) > 0) continue;
                BREAKS[plan.shift()!.kind](server);
                left = plan[0]?.behind ?? 0;
              }
            },
          };
        }
        const events: string[] = [];
        for (const [category, count] of appends) {
          const more = sampleEvents(count);
          events.push(...idsOf(more));
          await appendEach(log, `${category}-1`, more);
          // At most three appends ahead of the reader, so that the breaks fall between them.
          const behind = events.at(-30);
          if (behind !== undefined) await recorders[2]!.until((m) => m.kind === "event" && m.event.id === behind);
        }
        const head = await onceServed(() => store.head());
        for (const recorder of recorders) await recorder.until((m) => m.kind === "caughtUp" && m.position === head);
        for (const recorder of recorders) await recorder.stop();
        const all = await onceServed(() => collect(store.readAll()));
        expect(idsOf(all)).toEqual(events);
        for (const [index, { messages }] of recorders.entries()) expectWhole(messages, wanted(all, followed[index]));
        await expect.poll(() => server.subscriptions + server.reads).toBe(0);
        await store.close();
      },
    ),
    { numRuns: 15, endOnFailure: true },
  );
}, 120_000);
