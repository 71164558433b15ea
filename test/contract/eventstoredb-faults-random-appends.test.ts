import fc from "fast-check";
import { expect, test } from "vitest";
import type { AppendResult, EventToAppend, ExpectedRevision } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { idsOf, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

/** Two deadlines pass behind each silence, so it is short. */
const DEADLINE_MS = 300;
/** More tries than one append can need: every fault is used up before. */
const TRIES = 60;

/** What goes wrong; each ends by itself or with the next append that fails. */
const FAULTS = {
  lost: (server: FakeEventStoreDb) => server.faults.loseAnswers(2),
  timedOut: (server: FakeEventStoreDb) => server.faults.timeOutAppends(2),
  refused: (server: FakeEventStoreDb) => server.faults.refuseCalls(2),
  follower: (server: FakeEventStoreDb) => server.faults.refuseAsFollower(2),
  cut: (server: FakeEventStoreDb) => server.cutConnections(),
  silent: (server: FakeEventStoreDb) => server.faults.silence(),
} satisfies Record<string, (server: FakeEventStoreDb) => void>;

/** A fault, and how many appends there are before it. */
interface Planned {
  behind: number;
  readonly kind: keyof typeof FAULTS;
}

/**
 * How many appends each writer makes. They are of one event, since the fake server takes as much of an append as had come
 * when its connection was cut for the whole of it.
 */
const writers = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 5 });
const fault: fc.Arbitrary<Planned> = fc.record({
  behind: fc.integer({ min: 1, max: 5 }),
  kind: fc.constantFrom(...(Object.keys(FAULTS) as Planned["kind"][])),
});
const faults = fc.array(fault, { minLength: 1, maxLength: 5 });

/** A store that is disturbed by plan, and appends that are repeated until they are in it. */
class DisturbedStore {
  readonly #log: MemoryEventStore;
  readonly #server: FakeEventStoreDb;
  readonly #store: EventStoreDbEventStore;
  readonly #plan: Planned[];

  constructor(log: MemoryEventStore, server: FakeEventStoreDb, store: EventStoreDbEventStore, plan: Planned[]) {
    this.#log = log;
    this.#server = server;
    this.#store = store;
    this.#plan = plan;
  }

  /** Appends, with the same id and the same expectation again as long as it fails. */
  async appendSurely(stream: string, event: EventToAppend, expected: ExpectedRevision): Promise<AppendResult> {
    let unknown = false;
    for (let tries = 0; tries < TRIES; tries += 1) {
      this.#disturb();
      try {
        return await this.#store.append(stream, [event], expected);
      } catch (error) {
        this.#server.faults.endSilence();
        if (error instanceof AppendOutcomeUnknown) unknown = true;
        else if (!(error instanceof StoreUnavailable)) throw error;
        else if (!unknown) expect(await this.#written(stream, event)).toBe(false);
      }
    }
    throw new Error(`${stream} was not written in ${TRIES} tries`);
  }

  async #written(stream: string, event: EventToAppend): Promise<boolean> {
    return idsOf(await this.#log.read(stream)).includes(event.id);
  }

  #disturb(): void {
    const next = this.#plan[0];
    if (next === undefined || (next.behind -= 1) > 0) return;
    this.#plan.shift();
    FAULTS[next.kind](this.#server);
  }
}

test("appends that are repeated until they succeed are written once, whatever goes wrong under many writers", async () => {
  await fc.assert(
    fc.asyncProperty(writers, faults, async (counts, plan) => {
      const log = new MemoryEventStore({ now: () => 0 });
      await using server = await startFakeEventStoreDb({ log });
      const store = await EventStoreDbEventStore.open({
        prefix: "webhook_gateway.",
        url: server.url,
        deadlineMs: DEADLINE_MS,
      });
      const disturbed = new DisturbedStore(log, server, store, structuredClone(plan));
      await Promise.all(
        counts.map(async (count, writer) => {
          const stream = `user-${writer}`;
          const events = sampleEvents(count);
          let expected: ExpectedRevision = "no_stream";
          for (const event of events) {
            const { revision, position } = await disturbed.appendSurely(stream, event, expected);
            // The result is that of the append which was written, also where another try wrote it.
            expect((await log.read(stream)).at(-1)).toMatchObject({ id: event.id, revision, position });
            expected = revision;
          }
          expect(idsOf(await log.read(stream))).toEqual(idsOf(events));
        }),
      );
      await store.close();
    }),
    { numRuns: 30, endOnFailure: true },
  );
}, 120_000);
