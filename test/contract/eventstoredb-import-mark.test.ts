import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { collect, idsOf, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

let store: EventStoreDbEventStore;
let other: EventStoreDbEventStore;
let log: MemoryEventStore;
let resources: AsyncDisposableStack;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  log = resources.adopt(new MemoryEventStore({ now: () => 0 }), (it) => it.close());
  const { url } = resources.use(await startFakeEventStoreDb({ log }));
  const open = async (prefix: string): Promise<EventStoreDbEventStore> =>
    resources.adopt(await EventStoreDbEventStore.open({ url, prefix }), (it) => it.close());
  store = await open("hooks.");
  other = await open("hooks.two.");
});
afterEach(() => resources.disposeAsync());

describe("the mark of an import on an EventStoreDB", () => {
  it("is set until it is taken away, for its own log only", async () => {
    expect(await store.importMark.isSet()).toBe(false);
    for (let round = 0; round < 2; round += 1) {
      await store.importMark.set(true);
      expect([await store.importMark.isSet(), await other.importMark.isSet()]).toEqual([true, false]);
      await store.importMark.set(false);
      expect(await store.importMark.isSet()).toBe(false);
    }
  });

  it("is written only when it changes", async () => {
    await store.importMark.set(false);
    expect(await log.head()).toBeNull();
    await store.importMark.set(true);
    const head = await log.head();
    await store.importMark.set(true);
    expect(await log.head()).toBe(head);
  });

  it("is not in the log", async () => {
    await store.importMark.set(true);
    expect(await store.head()).toBeNull();
    const events = sampleEvents(2);
    const { position } = await store.append("user-1", events, "no_stream");
    await store.importMark.set(false);
    expect(await store.head()).toBe(position);
    expect(idsOf(await collect(store.readAll()))).toEqual(idsOf(events));
  });
});
