import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  AppendOutcomeUnknown,
  LogReplaced,
  RevisionConflict,
  StoreUnavailable,
} from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { positionOf } from "../../src/events/store/position.ts";
import { collect, idsOf, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
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

test("appends that the server says it cannot take now are written once it can, in their order", async () => {
  const events = sampleEvents(40);
  server.faults.refuseCalls(25);
  await Promise.all(events.map((event, index) => store.append(`user-${index}`, [event], "no_stream")));
  // Those that were sent before the first refusal came may be before it.
  const written = await collect(log.readAll());
  expect(written).toHaveLength(40);
  expect(idsOf(written).slice(15)).toEqual(idsOf(events.slice(0, 25)));
});

test("appends that come while the server takes none do not overtake those that wait", async () => {
  const events = sampleEvents(4);
  server.faults.refuseCalls(2);
  const append = (index: number): Promise<unknown> => store.append(`user-${index}`, [events[index]!], "no_stream");
  const first = [0, 1].map(append);
  await expect.poll(() => server.appends).toBe(2);
  // Behind the refusal.
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  await Promise.all([...first, ...[2, 3].map(append)]);
  expect(idsOf(await collect(log.readAll()))).toEqual(idsOf(events));
});

test("a conflict after an append of unknown outcome is another program's append", async () => {
  const [mine, theirs] = [sampleEvent(), sampleEvent()];
  const hasty = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway.", deadlineMs: 300 });
  server.faults.silence();
  await expect(hasty.append("user-1", [mine], "no_stream")).rejects.toBeInstanceOf(AppendOutcomeUnknown);
  server.faults.endSilence();
  await hasty.close();
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

test("a read that breaks in its midst is made again, and is whole", async () => {
  await log.append("user-1", sampleEvents(1_200), "no_stream");
  const ids = idsOf(await log.read("user-1"));
  const held: PromiseWithResolvers<void> = Promise.withResolvers();
  server.faults.holdReplies(held.promise);
  const read = store.read("user-1");
  await expect.poll(() => server.reads).toBe(1);
  server.faults.breakStreams();
  held.resolve();
  expect(idsOf(await read)).toEqual(ids);
  // And in the midst of the whole log, of which some was already given.
  const given: string[] = [];
  for await (const { id } of store.readAll()) {
    given.push(id);
    if (given.length % 300 !== 0) continue;
    server.faults.refuseCalls(2);
    server.faults.breakStreams();
  }
  expect(given).toEqual(ids);
});

test("a read that breaks for as long as it is waited for is unavailable, not shorter, with the reason", async () => {
  const hasty = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway.", deadlineMs: 300 });
  await log.append("user-1", sampleEvents(1_200), "no_stream");
  const given: string[] = [];
  const all = async (): Promise<void> => {
    for await (const { id } of hasty.readAll()) {
      given.push(id);
      if (given.length !== 500) continue;
      server.faults.refuseCalls(Number.POSITIVE_INFINITY);
      server.faults.breakStreams();
    }
  };
  await expect(all()).rejects.toBeInstanceOf(StoreUnavailable);
  expect(given.length).toBeLessThan(1_200);
  const refused = hasty.read("user-1");
  await expect(refused).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(refused).rejects.toThrow(/Server Is Not Ready/);
  server.faults.refuseCalls(0);
  await hasty.close();
});

test("reading a log that is replaced ends with that, and nothing more is appended", async () => {
  await log.append("user-1", sampleEvents(1_200), "no_stream");
  const other = new MemoryEventStore({ now: () => 0 });
  await other.append("user-1", sampleEvents(1_500), "no_stream");
  const given: string[] = [];
  const all = async (): Promise<void> => {
    for await (const { id } of store.readAll()) {
      given.push(id);
      if (given.length === 100) server.replaceLog(other);
    }
  };
  await expect(all()).rejects.toBeInstanceOf(LogReplaced);
  expect(given).toEqual(idsOf(await log.read("user-1")).slice(0, given.length));
  await expect(store.append("user-2", [sampleEvent()], "no_stream")).rejects.toThrow(/replaced/);
});

test("a store that closes ends the reads that are under way, as unavailable and not shorter", async () => {
  await log.append("user-1", sampleEvents(1_200), "no_stream");
  const ending = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway." });
  const messages = ending.readAll()[Symbol.asyncIterator]();
  await messages.next();
  const held: PromiseWithResolvers<void> = Promise.withResolvers();
  server.faults.holdReplies(held.promise);
  const reads = [ending.read("user-1"), ending.head(), ending.idAt(positionOf(7))];
  await expect.poll(() => server.reads).toBe(3);
  await Promise.all([...reads.map((read) => expect(read).rejects.toThrow(/closed/)), ending.close()]);
  const rest = async (): Promise<void> => {
    while ((await messages.next()).done !== true);
  };
  await expect(rest()).rejects.toBeInstanceOf(StoreUnavailable);
  await expect.poll(() => server.reads + server.subscriptions + server.batches).toBe(0);
  held.resolve();
});
