import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { positionOf, revisionOf } from "../../src/events/store/position.ts";
import type { Position } from "../../src/events/store/position.ts";
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

/** Reading one stream, and the log. */
export function readingContract({ store, begin, itAlone, sharedLog = false }: ContractContext): void {
  describe("reading a stream", () => {
    it("gives nothing for a stream that does not exist", async () => {
      expect(await store().read(`${newCategory()}-1`)).toEqual([]);
    });

    it.each([
      [0, undefined, [0, 1, 2, 3, 4]],
      [2, undefined, [2, 3, 4]],
      [4, undefined, [4]],
      [5, undefined, []],
      [99, undefined, []],
      [0, 2, [0, 1]],
      [3, 2, [3, 4]],
      [4, 2, [4]],
      [0, 0, []],
    ])("from revision %i with limit %s gives %j", async (from, limit, numbers) => {
      const stream = `${newCategory()}-1`;
      await store().append(stream, sampleEvents(5), "no_stream");
      const options = limit === undefined ? { from: revisionOf(from) } : { from: revisionOf(from), limit };
      expect((await store().read(stream, options)).map(({ data }) => data)).toEqual(
        numbers.map((number) => ({ number })),
      );
    });

    it("distinguishes streams whose names begin alike", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, sampleEvents(1), "no_stream");
      await store().append(`${category}-10`, sampleEvents(2), "no_stream");
      await store().append(`${category}-1-0`, sampleEvents(3), "no_stream");
      expect(await store().read(`${category}-1`)).toHaveLength(1);
      expect(await store().read(`${category}-10`)).toHaveLength(2);
    });
  });

  describe("reading the log", () => {
    /** Two categories whose events take turns. */
    const twoCategories = async (rounds: number): Promise<{ first: string; second: string; all: RecordedEvent[] }> => {
      const [first, second] = [newCategory(), newCategory()];
      for (let round = 0; round < rounds; round += 1) {
        await Promise.all([
          store().append(`${first}-${round}`, sampleEvents(2), "no_stream"),
          store().append(`${second}-${round}`, sampleEvents(1), "no_stream"),
        ]);
      }
      return { first, second, all: await collect(store().readAll({ after: begin(), categories: [first, second] })) };
    };

    it("gives the events in the order of their positions, across streams", async () => {
      const { all } = await twoCategories(10);
      expect(all).toHaveLength(30);
      const positions = all.map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)].sort());
    });

    it("continues after a position, exclusively", async () => {
      const { first, second, all } = await twoCategories(3);
      for (const [index, { position }] of all.entries()) {
        const rest = await collect(store().readAll({ after: position, categories: [first, second] }));
        expect(idsOf(rest)).toEqual(idsOf(all.slice(index + 1)));
      }
    });

    it("filters by category, which is the stream's name up to the first dash", async () => {
      const { first, second, all } = await twoCategories(3);
      await store().append(`${first}x-1`, [sampleEvent()], "no_stream");
      await store().append(`${first}-with-dashes`, [sampleEvent()], "no_stream");
      const ofFirst = await collect(store().readAll({ after: begin(), categories: [first] }));
      expect(ofFirst.map(({ stream }) => stream.split("-")[0])).toEqual(Array.from({ length: 7 }, () => first));
      const twice = await collect(store().readAll({ after: begin(), categories: [second, second, newCategory()] }));
      expect(idsOf(twice)).toEqual(idsOf(all.filter(({ stream }) => stream.startsWith(`${second}-`))));
      expect(await collect(store().readAll({ after: begin(), categories: [] }))).toEqual([]);
    });

    it("stops at the limit", async () => {
      const { first, second, all } = await twoCategories(3);
      for (const limit of [0, 1, 5, 9, 100]) {
        const some = await collect(store().readAll({ after: begin(), categories: [first, second], limit }));
        expect(idsOf(some)).toEqual(idsOf(all.slice(0, limit)));
      }
    });

    it("reads more than a page and no event twice", async () => {
      const category = newCategory();
      const events = Array.from({ length: 4 }, () => sampleEvents(400));
      for (const [index, some] of events.entries()) await store().append(`${category}-${index}`, some, "no_stream");
      const other = newCategory();
      expect(idsOf(await collect(store().readAll({ after: begin(), categories: [category, other] })))).toEqual(
        idsOf(events.flat()),
      );
      const some = await collect(store().readAll({ after: begin(), categories: [category], limit: 1100 }));
      expect(idsOf(some)).toEqual(idsOf(events.flat().slice(0, 1100)));
    });

    it("ends with what was there when it began", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, sampleEvents(3), "no_stream");
      const seen: string[] = [];
      for await (const event of store().readAll({ after: begin(), categories: [category] })) {
        seen.push(event.id);
        if (seen.length < 50) await store().append(`${category}-1`, [sampleEvent()], "any");
      }
      expect(seen).toHaveLength(3);
    });

    it("can be left in the middle", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, sampleEvents(3), "no_stream");
      for await (const event of store().readAll({ after: begin(), categories: [category] })) {
        expect(event.revision).toBe(revisionOf(0));
        break;
      }
      expect(await store().read(`${category}-1`)).toHaveLength(3);
    });

    itAlone("gives nothing, and no head, for an empty log", async (_, { skip }) => {
      if (sharedLog) return skip(NOT_SHARED);
      expect(await collect(store().readAll())).toEqual([]);
      expect(await store().head()).toBeNull();
    });

    itAlone("begins with the first event", async (_, { skip }) => {
      if (sharedLog) return skip(NOT_SHARED);
      const { all } = await twoCategories(2);
      expect(idsOf(await collect(store().readAll()))).toEqual(idsOf(all));
      expect(idsOf(await collect(store().readAll({ after: null, limit: 4 })))).toEqual(idsOf(all.slice(0, 4)));
    });

    it("gives all categories without a filter", async () => {
      const { position: after } = await store().append(`${newCategory()}-1`, [sampleEvent()], "no_stream");
      const { all } = await twoCategories(2);
      const ours = new Set(idsOf(all));
      const read = idsOf(await collect(store().readAll({ after })));
      expect(read.filter((id) => ours.has(id))).toEqual([...ours]);
    });

    itAlone("has its head at the last event that was acknowledged", async (_, { skip }) => {
      if (sharedLog) return skip(NOT_SHARED);
      const { position } = await store().append(`${newCategory()}-1`, sampleEvents(2), "no_stream");
      expect(await store().head()).toBe(position);
    });

    it("is caught up with by a subscription up to its head", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, sampleEvents(2), "no_stream");
      await store().append(`${newCategory()}-1`, [sampleEvent()], "no_stream");
      const head = await store().head();
      const subscription = new PulledSubscription(store(), { after: begin(), categories: [category] });
      await subscription.untilCaughtUp(head!);
      subscription.abort();
    });

    it("has the id of the event at a position, and none beyond its end", async () => {
      const { all } = await twoCategories(3);
      for (const { id, position } of all) expect(await store().idAt(position)).toBe(id);
      expect(await store().idAt(positionOf(2n ** 62n))).toBeNull();
    });

    it("gives the events at positions, in the order of these, and passes over those that no event has", async () => {
      const { all } = await twoCategories(20);
      const some = all.filter((_event, index) => index % 3 === 0);
      const positions = some.map(({ position }) => position);
      expect(await collect(store().readAt(positions))).toEqual(some);
      expect(await collect(store().readAt(positions.toReversed()))).toEqual(some.toReversed());
      const [first, second] = positions as [Position, Position];
      const twice = [first, positionOf(2n ** 62n), second, first];
      expect(idsOf(await collect(store().readAt(twice)))).toEqual([some[0]!.id, some[1]!.id, some[0]!.id]);
      expect(await collect(store().readAt([]))).toEqual([]);
      for await (const event of store().readAt(positions)) {
        expect(event).toEqual(some[0]);
        break;
      }
    });

    itAlone(
      "gives the same events with the same places after the log was opened again",
      async ({ reopen }, { skip }) => {
        if (reopen === undefined) return skip("this log does not outlive its store");
        const { first, second, all } = await twoCategories(5);
        const reopened = await reopen();
        expect(await collect(reopened.readAll({ after: begin(), categories: [first, second] }))).toEqual(all);
        const next = await reopened.append(`${first}-0`, [sampleEvent()], revisionOf(1));
        expect(next.position > all.at(-1)!.position).toBe(true);
      },
    );
  });

  describe("a closed store", () => {
    itAlone("refuses to append and to read, and closes again without harm", async () => {
      const stream = `${newCategory()}-1`;
      const pending = store().append(stream, [sampleEvent()], "no_stream");
      await store().close();
      expect((await pending).revision).toBe(revisionOf(0));
      await expect(store().append(stream, [sampleEvent()], "any")).rejects.toThrow(StoreUnavailable);
      await expect(store().read(stream)).rejects.toThrow(StoreUnavailable);
      await expect(collect(store().readAll())).rejects.toThrow(StoreUnavailable);
      await expect(collect(store().readAt([positionOf(1)]))).rejects.toThrow(StoreUnavailable);
      await expect(store().head()).rejects.toThrow(StoreUnavailable);
      await expect(store().idAt(positionOf(1))).rejects.toThrow(StoreUnavailable);
      await store().close();
    });
  });
}
