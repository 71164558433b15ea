import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventToAppend, SubscribeOptions } from "../../src/events/store/event-store.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { positionOf } from "../../src/events/store/position.ts";
import type { Position } from "../../src/events/store/position.ts";
import { SubscriptionRecorder } from "../fixtures/event-log/event-recorder.ts";
import { collect, idsOf, PulledSubscription, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import { appendForeign } from "../fixtures/eventstoredb/foreign-events.ts";

/** What is followed: some categories of which none has an event at first, one that never has, and all. */
const FOLLOWED: (readonly string[] | undefined)[] = [["user", "endpoint"], ["delivery"], ["nobody"], undefined];
/** More events of others than the server looks through at a time. */
const MANY = 1_100;

/** One of each kind in how it serves subscriptions (see `factsOf`): 24.6 differs from 24.10 only in what it counts of an append. */
const SERVERS = ["23.10.0", "24.10.0", "25.0.0", "25.0.1"].flatMap((version) =>
  [false, true].map((systemEvents) => ({ version, systemEvents })),
);

let resources = new AsyncDisposableStack();
let log: MemoryEventStore;
let server: FakeEventStoreDb;
let store: EventStoreDbEventStore;
const onFault = vi.fn<(error: Error) => void>();

afterEach(async () => {
  await resources.disposeAsync();
  resources = new AsyncDisposableStack();
  expect(onFault).not.toHaveBeenCalled();
});

async function open(): Promise<EventStoreDbEventStore> {
  const options = { url: server.url, prefix: "webhook_gateway.", deadlineMs: 60_000, onFault };
  return resources.adopt(await EventStoreDbEventStore.open(options), (opened) => opened.close());
}

function follow(categories: readonly string[] | undefined, after: Position | null = null): SubscriptionRecorder {
  return new SubscriptionRecorder(store, optionsOf(categories, after));
}

function optionsOf(
  categories: readonly string[] | undefined,
  after: Position | null,
): Omit<SubscribeOptions, "signal"> {
  return categories === undefined ? { after } : { after, categories };
}

async function untilCaughtUp(recorder: SubscriptionRecorder, with_: Position | null): Promise<void> {
  await recorder.until((message) => message.kind === "caughtUp" && (message.position ?? "") >= (with_ ?? ""));
}

function given(recorder: SubscriptionRecorder): string[] {
  return idsOf(recorder.messages.flatMap((message) => (message.kind === "event" ? [message.event] : [])));
}

/** The ids of the events that somebody who follows these categories is to be given. */
function wanted(
  appended: readonly (readonly [string, EventToAppend])[],
  categories: readonly string[] | undefined,
): string[] {
  const those = appended.filter(([stream]) => categories?.includes(stream.split("-")[0]!) ?? true);
  return those.map(([, { id }]) => id);
}

describe.each(SERVERS)("on a server $version, system events: $systemEvents", ({ version, systemEvents }) => {
  async function start(): Promise<void> {
    log = resources.adopt(new MemoryEventStore({ now: () => 0 }), (opened) => opened.close());
    server = resources.use(await startFakeEventStoreDb({ log, version, systemEvents }));
  }

  it("a new database is followed from its first event on, through breaks, and nothing is skipped or doubled", async () => {
    await start();
    store = await open();
    expect(await store.head()).toBeNull();
    expect(await collect(store.readAll())).toEqual([]);
    const recorders = FOLLOWED.map((categories) => follow(categories));
    for (const recorder of recorders) await untilCaughtUp(recorder, null);
    const appended: [string, EventToAppend][] = [];
    for (let round = 0; round < 4; round += 1) {
      for (const stream of ["user", "endpoint", "delivery"].map((category) => `${category}-${round}`)) {
        const events = sampleEvents(1 + (round % 3));
        await store.append(stream, events, "no_stream");
        appended.push(...events.map((event): [string, EventToAppend] => [stream, event]));
      }
      if (round % 2 === 0) server.faults.breakStreams();
      else server.cutConnections();
    }
    const head = await store.head();
    for (const [index, recorder] of recorders.entries()) {
      await untilCaughtUp(recorder, head);
      await recorder.stop();
      expect(given(recorder)).toEqual(wanted(appended, FOLLOWED[index]));
    }
  });

  it("a subscription resumes from each reported place, and skips and repeats nothing", async () => {
    await start();
    store = await open();
    const appended: [string, EventToAppend][] = [];
    const places: (Position | null)[] = [null];
    for (let round = 0; round < 5; round += 1) {
      for (const stream of [`user-${round}`, `delivery-${round}`]) {
        const event = sampleEvent();
        places.push((await store.append(stream, [event], "no_stream")).position);
        appended.push([stream, event]);
      }
      // What others write moves the places to where no event of ours is.
      await appendForeign(
        server.url,
        `orders-${round}`,
        Array.from({ length: 1 + round * 40 }, () => ({})),
      );
      const told = new PulledSubscription(store, { after: places.at(-1)!, categories: ["user"] });
      const { searchedTo } = await told.untilCaughtUp();
      told.abort();
      places.push(searchedTo);
    }
    const positions = new Map((await collect(store.readAll())).map(({ id, position }) => [id, position]));
    for (const after of places) {
      for (const categories of [["user"], ["delivery", "nobody"], undefined]) {
        const recorder = follow(categories, after);
        await untilCaughtUp(recorder, await store.head());
        await recorder.stop();
        const rest = appended.filter(([, { id }]) => positions.get(id)! > (after ?? ""));
        expect(given(recorder)).toEqual(wanted(rest, categories));
        expect(idsOf(await collect(store.readAll(optionsOf(categories, after))))).toEqual(wanted(rest, categories));
      }
    }
  });

  it("nothing that other programs wrote is seen, before, between or after ours", async () => {
    await start();
    const foreign = async (): Promise<void> => {
      await appendForeign(server.url, "user-77", [{}, { data: "no JSON" }]);
      await appendForeign(
        server.url,
        "Orders with-many-dashes",
        Array.from({ length: MANY }, () => ({})),
      );
      await appendForeign(server.url, "delivery-1", [{ contentType: "application/octet-stream" }]);
    };
    await foreign();
    store = await open();
    expect(await store.read("user-77")).toEqual([]);
    const before = follow(undefined);
    await untilCaughtUp(before, null);
    const ours = sampleEvents(3);
    const positions: Position[] = [];
    for (const [index, event] of ours.entries()) {
      positions.push((await store.append(`user-${77 + index}`, [event], "no_stream")).position);
      if (index === 0) await foreign();
    }
    expect(await store.head()).toBe(positions.at(-1));
    await foreign();
    expect(await store.head()).toBe(positions.at(-1));
    const behind = FOLLOWED.map((categories) => follow(categories));
    for (const recorder of [before, ...behind]) await untilCaughtUp(recorder, await store.head());
    expect(given(before)).toEqual(idsOf(ours));
    for (const [index, recorder] of behind.entries()) {
      expect(given(recorder)).toEqual(FOLLOWED[index]?.includes("user") === false ? [] : idsOf(ours));
    }
    for (const recorder of [before, ...behind]) await recorder.stop();
    expect(idsOf(await collect(store.readAll()))).toEqual(idsOf(ours));
    expect(idsOf(await collect(store.readAll({ limit: 2 })))).toEqual(idsOf(ours.slice(0, 2)));
    expect(idsOf(await store.read("user-77"))).toEqual([ours[0]!.id]);
    for (const [index, position] of positions.entries()) expect(await store.idAt(position)).toBe(ours[index]!.id);
    for (const commit of [1, 2, 7, MANY]) {
      expect(await store.idAt(positionOf(systemEvents ? commit * 10 : commit))).toBeNull();
    }
  });
});
