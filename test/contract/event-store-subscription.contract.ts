import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppendResult, RecordedEvent, SubscriptionMessage } from "../../src/events/store/event-store.ts";
import type { Position } from "../../src/events/store/position.ts";
import { SubscriptionRecorder } from "../fixtures/event-log/event-recorder.ts";
import {
  collect,
  idsOf,
  newCategory,
  PulledSubscription,
  sampleEvent,
  sampleEvents,
} from "../fixtures/event-log/event-samples.ts";
import { NOT_SHARED } from "./event-store.contract.ts";
import type { ContractContext } from "./event-store.contract.ts";

/** Following the log. */
export function subscriptionContract({ store, begin, itAlone, sharedLog = false }: ContractContext): void {
  describe("a subscription", () => {
    itAlone("gives what is there, says that it caught up, then gives what comes", async () => {
      const category = newCategory();
      const old = sampleEvents(3);
      const { position } = await store().append(`${category}-1`, old, "no_stream");
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [category] });
      const first = await subscription.untilCaughtUp();
      expect(idsOf(first.events)).toEqual(idsOf(old));
      expect(first.position! >= position).toBe(true);

      const added = sampleEvent();
      const appended = await store().append(`${category}-2`, [added], "no_stream");
      const message = await subscription.next();
      expect(message).toMatchObject({ kind: "event", event: { id: added.id, position: appended.position } });
      expect((await subscription.untilCaughtUp()).position! >= appended.position).toBe(true);
      subscription.abort();
    });

    it("begins after a position, exclusively", async () => {
      const category = newCategory();
      const events = sampleEvents(4);
      const { position } = await store().append(`${category}-1`, events, "no_stream");
      const second = (await store().read(`${category}-1`))[1]!;
      const subscription = new PulledSubscription(store(), { after: second.position, categories: [category] });
      expect(idsOf((await subscription.untilCaughtUp(position)).events)).toEqual(idsOf(events.slice(2)));
      subscription.abort();
    });

    it("reads on from the end of more than one page", async () => {
      const category = newCategory();
      const events = Array.from({ length: 3 }, () => sampleEvents(500));
      let last: Position | undefined;
      for (const [index, some] of events.entries()) {
        last = (await store().append(`${category}-${index}`, some, "no_stream")).position;
      }
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [category] });
      expect(idsOf((await subscription.untilCaughtUp(last)).events)).toEqual(idsOf(events.flat()));
      subscription.abort();
    });

    it("says that it caught up also when only events were added that it leaves out", async () => {
      const category = newCategory();
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [category] });
      await subscription.untilCaughtUp();
      for (let round = 0; round < 3; round += 1) {
        const { position } = await store().append(`${newCategory()}-1`, [sampleEvent()], "no_stream");
        expect((await subscription.untilCaughtUp(position)).events).toEqual([]);
      }
      subscription.abort();
    });

    it("resumes where another one's search ended, with exactly the later events", async () => {
      const [category, leftOut] = [newCategory(), newCategory()];
      const options = { after: begin(), categories: [category] };
      const first = new PulledSubscription(store(), options);
      const { position } = await store().append(`${category}-1`, sampleEvents(2), "no_stream");
      const given: string[] = [];
      let searchedTo: Position | null = null;
      for (const stream of [`${category}-2`, `${leftOut}-1`, `${category}-3`, `${leftOut}-2`]) {
        const goal: Position = (await store().append(stream, sampleEvents(2), "no_stream")).position;
        const caughtUp = await first.untilCaughtUp(goal);
        given.push(...idsOf(caughtUp.events));
        expect(caughtUp.searchedTo! >= caughtUp.position!).toBe(true);
        expect(caughtUp.searchedTo! >= (searchedTo ?? "")).toBe(true);
        ({ searchedTo } = caughtUp);
        // Nothing is left for one that begins here, and what comes is given to it and to a reading.
        const resumed = new PulledSubscription(store(), { ...options, after: searchedTo });
        expect(await resumed.untilCaughtUp()).toMatchObject({ events: [] });
        resumed.abort();
      }
      first.abort();
      expect(given).toEqual(idsOf(await collect(store().readAll(options))));
      expect(searchedTo! > position).toBe(true);

      const [later, left] = [sampleEvents(2), sampleEvent()];
      await store().append(`${leftOut}-3`, [left], "no_stream");
      const { position: end } = await store().append(`${category}-4`, later, "no_stream");
      const resumed = new PulledSubscription(store(), { ...options, after: searchedTo });
      expect(idsOf((await resumed.untilCaughtUp(end)).events)).toEqual(idsOf(later));
      resumed.abort();
      expect(idsOf(await collect(store().readAll({ ...options, after: searchedTo })))).toEqual(idsOf(later));
    });

    itAlone("is caught up at null on an empty log, and exactly at the head on others", async (_, { skip }) => {
      if (sharedLog) return skip(NOT_SHARED);
      const subscription = new PulledSubscription(store());
      expect(await subscription.next()).toEqual({ kind: "caughtUp", position: null, searchedTo: null });
      const { position } = await store().append(`${newCategory()}-1`, sampleEvents(2), "no_stream");
      expect(await subscription.untilCaughtUp(position)).toMatchObject({ events: [{}, {}], position });
      subscription.abort();
    });

    it("ends without an error when it is aborted while it waits", async () => {
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [newCategory()] });
      await subscription.untilCaughtUp();
      const next = subscription.next();
      subscription.abort();
      expect(await next).toBeNull();
      expect(await subscription.next()).toBeNull();
    });

    it("gives nothing more when it is aborted between two events", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, sampleEvents(5), "no_stream");
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [category] });
      await subscription.nextEvent();
      subscription.abort();
      expect(await subscription.next()).toBeNull();
    });

    it("gives nothing when it is aborted before it began", async () => {
      await store().append(`${newCategory()}-1`, sampleEvents(1), "no_stream");
      expect(await collect(store().subscribe({ signal: AbortSignal.abort() }))).toEqual([]);
    });

    it("can be left in the middle", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, sampleEvents(3), "no_stream");
      for await (const message of store().subscribe({
        after: begin(),
        categories: [category],
        signal: new AbortController().signal,
      })) {
        if (message.kind === "event") break;
      }
      expect(await store().read(`${category}-1`)).toHaveLength(3);
    });

    itAlone("ends without an error when the store closes", async () => {
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [newCategory()] });
      await subscription.untilCaughtUp();
      const next = subscription.next();
      await store().close();
      expect(await next).toBeNull();
    });

    it("does not disturb others, whatever their place and filter", async () => {
      const [first, second] = [newCategory(), newCategory()];
      const { position } = await store().append(`${first}-1`, sampleEvents(2), "no_stream");
      const all = new PulledSubscription(store(), { after: begin(), categories: [first, second] });
      const later = new PulledSubscription(store(), { after: position, categories: [first, second] });
      const other = new PulledSubscription(store(), { after: begin(), categories: [second] });
      expect((await all.untilCaughtUp(position)).events).toHaveLength(2);
      expect((await later.untilCaughtUp()).events).toHaveLength(0);
      expect((await other.untilCaughtUp()).events).toHaveLength(0);
      all.abort();
      const [onFirst, onSecond] = [sampleEvent(), sampleEvent()];
      await store().append(`${first}-1`, [onFirst], "any");
      await store().append(`${second}-1`, [onSecond], "any");
      expect((await other.nextEvent()).id).toBe(onSecond.id);
      expect(idsOf([await later.nextEvent(), await later.nextEvent()])).toEqual([onFirst.id, onSecond.id]);
      later.abort();
      other.abort();
    });

    it("lets the thread do other work while it catches up", async () => {
      const category = newCategory();
      let last: Position | undefined;
      for (let round = 0; round < 6; round += 1) {
        last = (await store().append(`${category}-${round}`, sampleEvents(500), "no_stream")).position;
      }
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [category] });
      await subscription.nextEvent();
      const order: string[] = [];
      setImmediate(() => order.push("other work"));
      await subscription.untilCaughtUp(last);
      order.push("caught up");
      expect(order).toEqual(["other work", "caught up"]);
      subscription.abort();
    });

    it("never says that it caught up before it gave everything up to there, under any appends", async () => {
      const step = fc.record({
        followed: fc.boolean(),
        appends: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        wait: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          const [followed, leftOut] = [newCategory(), newCategory()];
          const options = { after: await store().head(), categories: [followed] };
          const recorder = new SubscriptionRecorder(store(), options);
          const pending: Promise<AppendResult>[] = [];
          for (const { followed: isFollowed, appends, wait } of steps) {
            for (const count of appends) {
              const stream = `${isFollowed ? followed : leftOut}-${pending.length}`;
              pending.push(store().append(stream, sampleEvents(count), "no_stream"));
            }
            if (wait) await pending.at(-1);
          }
          await Promise.all(pending);
          const goal = (await store().append(`${leftOut}-last`, [sampleEvent()], "no_stream")).position;
          // A follower that hears where the log ends looks there sooner.
          await store().head();
          await recorder.until((message) => message.kind === "caughtUp" && message.position! >= goal);
          await recorder.stop();
          expectExact(recorder.messages, await collect(store().readAll(options)));
        }),
        { numRuns: 25 },
      );
    });
  });
}

/**
 * The events came in order, none twice, and each `caughtUp` came after all up to it, and looked further than the last one.
 */
function expectExact(messages: readonly SubscriptionMessage[], log: readonly RecordedEvent[]): void {
  const yielded: RecordedEvent[] = [];
  let caughtUp: Position | null | undefined;
  let furthest: Position | null | undefined;
  for (const message of messages) {
    if (message.kind === "event") {
      yielded.push(message.event);
      continue;
    }
    const { position, searchedTo } = message;
    expect((searchedTo ?? "") >= (position ?? "")).toBe(true);
    if (caughtUp !== undefined) expect((position ?? "") >= (caughtUp ?? "")).toBe(true);
    if (furthest !== undefined) expect((searchedTo ?? "") > (furthest ?? "")).toBe(true);
    expect(log.filter((event) => searchedTo !== null && event.position <= searchedTo).length).toBe(yielded.length);
    caughtUp = position;
    furthest = searchedTo;
  }
  expect(yielded).toEqual(log);
}
