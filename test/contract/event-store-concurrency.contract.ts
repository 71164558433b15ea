import { describe, expect, it } from "vitest";
import type { ExpectedRevision, RecordedEvent } from "../../src/events/store/event-store.ts";
import { RevisionConflict } from "../../src/events/store/event-store-errors.ts";
import { numberOf, revisionOf } from "../../src/events/store/position.ts";
import type { Position, Revision } from "../../src/events/store/position.ts";
import { collect, idsOf, newCategory, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import type { ContractContext } from "./event-store.contract.ts";

/** Each of the seven numbers of writers meets each of the three lengths of an append once. */
const ROUNDS = 21;

/** What one appender sees of the others, and in which order its own appends are written. */
export function concurrencyContract({ store, begin }: ContractContext): void {
  describe("after a conflict", () => {
    /** Loses a race or wins it; whoever lost reads at once what the conflict named. */
    const race = async (
      stream: string,
      count: number,
      expected: ExpectedRevision,
    ): Promise<"won" | RecordedEvent[]> => {
      try {
        await store().append(stream, sampleEvents(count), expected);
        return "won";
      } catch (error) {
        expect(error).toBeInstanceOf(RevisionConflict);
        const { actual } = error as RevisionConflict;
        expect(actual).not.toBeNull();
        return store().read(stream, { from: actual! });
      }
    };

    it.each<[string, ExpectedRevision, number]>([
      ["no stream", "no_stream", 0],
      ["a revision", revisionOf(1), 2],
    ])("the loser of a race expecting %s reads the winner's events at once", async (_, expected, before) => {
      const category = newCategory();
      for (let round = 0; round < ROUNDS; round += 1) {
        const stream = `${category}-${round}`;
        if (before > 0) await store().append(stream, sampleEvents(before), "no_stream");
        const writers = 2 + (round % 7);
        const count = 1 + (round % 3);
        const outcomes = await Promise.all(Array.from({ length: writers }, () => race(stream, count, expected)));
        const seen = outcomes.filter((outcome) => outcome !== "won");
        expect(seen).toHaveLength(writers - 1);
        const last = { stream, revision: revisionOf(before + count - 1) };
        for (const events of seen) expect(events).toMatchObject([last]);
      }
    });

    it("the loser of a race with one that appends on finds at least what the conflict named", async () => {
      const stream = `${newCategory()}-1`;
      await store().append(stream, [sampleEvent()], "no_stream");
      const appending = (async () => {
        for (let last: Revision = revisionOf(0); numberOf(last) < ROUNDS;) {
          last = (await store().append(stream, [sampleEvent()], last)).revision;
        }
      })();
      for (let round = 0; round < ROUNDS; round += 1) {
        expect(await race(stream, 1, "no_stream")).not.toEqual([]);
      }
      await appending;
    });
  });

  describe("appends that are made one after the other without waiting", () => {
    const expectAscending = (positions: readonly Position[]): void => {
      expect(positions).toEqual([...new Set(positions)].sort());
    };

    it("are written in the order of the calls over different streams", async () => {
      const category = newCategory();
      const appends = Array.from({ length: 300 }, (_, number) => sampleEvents((number % 3) + 1));
      const results = await Promise.all(
        appends.map((events, number) => store().append(`${category}-${number}`, events, "no_stream")),
      );
      expectAscending(results.map(({ position }) => position));
      expect(idsOf(await collect(store().readAll({ after: begin(), categories: [category] })))).toEqual(
        idsOf(appends.flat()),
      );
    });

    it("are written in the order of the calls to one stream, each at the revision of the one before", async () => {
      const stream = `${newCategory()}-1`;
      const events = sampleEvents(200);
      const results = await Promise.all(
        events.map((event, number) =>
          store().append(stream, [event], number === 0 ? "no_stream" : revisionOf(number - 1)),
        ),
      );
      expect(results.map(({ revision }) => numberOf(revision))).toEqual(events.map((_, number) => number));
      expectAscending(results.map(({ position }) => position));
      expect(idsOf(await store().read(stream))).toEqual(idsOf(events));
    });

    it("are written although one before them is refused", async () => {
      const category = newCategory();
      await store().append(`${category}-1`, [sampleEvent()], "no_stream");
      const events = sampleEvents(3);
      const outcomes = await Promise.allSettled([
        store().append(`${category}-2`, [events[0]!], "no_stream"),
        store().append(`${category}-1`, [events[1]!], "no_stream"),
        store().append(`${category}-3`, [events[2]!], "no_stream"),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      const written = idsOf(await collect(store().readAll({ after: begin(), categories: [category] })));
      expect(written.slice(1)).toEqual([events[0]!.id, events[2]!.id]);
    });
  });

  it("an acknowledged append is readable at once, in its stream, in the log, by its position and as the head", async () => {
    const category = newCategory();
    await Promise.all(
      Array.from({ length: ROUNDS }, async (_, number) => {
        const stream = `${category}-${number}`;
        const event = sampleEvent();
        const before = await store().head();
        const { position } = await store().append(stream, [event], "no_stream");
        const [read, log, id, head] = await Promise.all([
          store().read(stream),
          collect(store().readAll({ after: before, categories: [category] })),
          store().idAt(position),
          store().head(),
        ]);
        expect(idsOf(read)).toEqual([event.id]);
        expect(idsOf(log)).toContain(event.id);
        expect(id).toBe(event.id);
        expect(head !== null && head >= position).toBe(true);
      }),
    );
  });
}
