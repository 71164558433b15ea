import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppendOutcomeUnknown, RevisionConflict, StoreUnavailable } from "../../src/events/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/memory/memory-event-store.ts";
import { positionOf } from "../../src/events/position.ts";
import { collect, idsOf, sampleEvent, sampleEvents } from "../fixtures/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

let log: MemoryEventStore;
let server: FakeEventStoreDb;
let store: EventStoreDbEventStore;

beforeEach(async () => {
  log = new MemoryEventStore({ now: () => 0 });
  server = await startFakeEventStoreDb({ log });
  store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway.", deadlineMs: 5_000 });
});
afterEach(async () => {
  await store.close();
  await server.close();
});

test("an append that the server says it cannot take now may be written for all we know, and is written once", async () => {
  const event = sampleEvent();
  server.faults.refuseCalls(1);
  await expect(store.append("user-1", [event], "no_stream")).rejects.toBeInstanceOf(AppendOutcomeUnknown);
  await store.append("user-1", [event], "no_stream");
  expect(idsOf(await log.read("user-1"))).toEqual([event.id]);
});

test("a conflict behind an append of unknown outcome is somebody else's append", async () => {
  const [mine, theirs] = [sampleEvent(), sampleEvent()];
  server.faults.refuseCalls(1);
  await expect(store.append("user-1", [mine], "no_stream")).rejects.toBeInstanceOf(AppendOutcomeUnknown);
  const { revision } = await log.append("user-1", [theirs], "no_stream");
  const conflict: unknown = await store.append("user-1", [mine], "no_stream").catch((error: unknown) => error);
  expect(conflict).toBeInstanceOf(RevisionConflict);
  expect(conflict).toMatchObject({ stream: "user-1", expected: "no_stream", actual: revision });
  expect(idsOf(await log.read("user-1"))).toEqual([theirs.id]);
});

test("closing waits for the appends that are being written, and they succeed", async () => {
  const held: PromiseWithResolvers<void> = Promise.withResolvers();
  server.faults.holdReplies(held.promise);
  const appends = [1, 2, 3].map((number) => store.append(`user-${number}`, [sampleEvent()], "no_stream"));
  await expect.poll(() => log.head()).toBe(positionOf(3));
  let closed = false;
  const closing = store.close().then(() => (closed = true));
  await expect(store.append("user-4", [sampleEvent()], "no_stream")).rejects.toBeInstanceOf(StoreUnavailable);
  // Where it waits for nothing it has ended in the first of these turns.
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(closed).toBe(false);
  held.resolve();
  const results = await Promise.all(appends);
  expect(results.map(({ position }) => position).sort()).toEqual([1, 2, 3].map(positionOf));
  await closing;
});

test("a stream that was deleted for ever cannot be read, and the others can", async () => {
  for (const stream of ["user-1", "user-2"]) await log.append(stream, sampleEvents(2), "no_stream");
  server.faults.deletedStreams.add("user-1");
  await expect(store.read("user-1")).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await store.read("user-2")).toHaveLength(2);
});

test("no read leaves its call open on the server, whatever became of it", async () => {
  await log.append("user-1", sampleEvents(1_200), "no_stream");
  const head = (await store.head())!;
  expect(await store.idAt(head)).not.toBeNull();
  expect(await store.idAt(positionOf(5_000))).toBeNull();
  expect(await store.read("user-1", { limit: 7 })).toHaveLength(7);
  for await (const { position } of store.readAll()) if (position === positionOf(600)) break;
  expect(await collect(store.readAll({ limit: 3 }))).toHaveLength(3);
  await expect.poll(() => server.reads).toBe(0);
});

test("a read that breaks in its midst is unavailable, not shorter", async () => {
  await log.append("user-1", sampleEvents(1_200), "no_stream");
  const held: PromiseWithResolvers<void> = Promise.withResolvers();
  server.faults.holdReplies(held.promise);
  const read = store.read("user-1").catch((error: unknown) => error);
  await expect.poll(() => server.reads).toBe(1);
  server.faults.breakStreams();
  held.resolve();
  expect(await read).toBeInstanceOf(StoreUnavailable);
  // And in the midst of a page of the whole log, of which some was already given.
  const given: string[] = [];
  const all = async (): Promise<void> => {
    for await (const { id } of store.readAll()) {
      given.push(id);
      if (given.length === 500) server.faults.refuseCalls(1);
    }
  };
  await expect(all()).rejects.toBeInstanceOf(StoreUnavailable);
  expect(given).toHaveLength(500);
});
