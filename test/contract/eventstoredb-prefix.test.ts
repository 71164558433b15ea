import { afterEach, beforeEach, expect, it } from "vitest";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { deliveries } from "../../src/projections/deliveries.ts";
import { checkpointNameOf, collectionOf } from "../../src/projections/projection.ts";
import { ReadModelsOfAnotherLog, refuseAnotherLog } from "../../src/projections/running/another-log.ts";
import { MemoryDocumentStore } from "../../src/projections/store/memory/memory-document-store.ts";
import { collect, idsOf, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

/** Two logs in one database, whose streams have the same names behind another prefix. */
let first: EventStoreDbEventStore;
let second: EventStoreDbEventStore;
let resources: AsyncDisposableStack;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const log = resources.adopt(new MemoryEventStore({ now: () => Date.now() }), (store) => store.close());
  const { url } = resources.use(await startFakeEventStoreDb({ log, systemEvents: true }));
  const open = async (prefix: string): Promise<EventStoreDbEventStore> =>
    resources.adopt(await EventStoreDbEventStore.open({ url, prefix }), (store) => store.close());
  first = await open("hooks.");
  second = await open("hooks.two.");
});
afterEach(() => resources.disposeAsync());

it("keeps the logs of two prefixes apart", async () => {
  const [ofFirst, ofSecond] = [sampleEvents(2), sampleEvents(3)];
  const { position } = await first.append("user-1", ofFirst, "no_stream");
  await second.append("user-1", ofSecond, "no_stream");
  for (const [store, events] of [
    [first, ofFirst],
    [second, ofSecond],
  ] as const) {
    expect(idsOf(await store.read("user-1"))).toEqual(idsOf(events));
    expect(idsOf(await collect(store.readAll()))).toEqual(idsOf(events));
  }
  expect(await first.idAt(position)).toBe(ofFirst[1]!.id);
  expect(await second.idAt(position)).toBeNull();
});

it("takes read models that were made under another prefix for those of another log", async () => {
  const [, last] = sampleEvents(2);
  const { position } = await first.append("delivery-1", [last!], "no_stream");
  await second.append("delivery-1", sampleEvents(2), "no_stream");
  const documents = Object.assign(new MemoryDocumentStore(), { shared: true });
  const collection = collectionOf(deliveries);
  await documents.prepare(collection);
  await documents.write(collection, [], {
    name: checkpointNameOf(deliveries),
    position,
    eventId: last!.id,
    searchedTo: position,
  });
  await refuseAnotherLog([deliveries], first, documents);
  await expect(refuseAnotherLog([deliveries], second, documents)).rejects.toThrow(ReadModelsOfAnotherLog);
});
