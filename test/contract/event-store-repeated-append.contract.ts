import { describe, expect, it } from "vitest";
import type { AppendResult, EventStore, EventToAppend, ExpectedRevision } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, RevisionConflict } from "../../src/events/store/event-store-errors.ts";
import { revisionOf } from "../../src/events/store/position.ts";
import { idsOf, newCategory, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import type { ContractContext } from "./event-store.contract.ts";

/** The form of expectation, what the stream has before the append, and how many events are appended. */
const expectations: [string, ExpectedRevision, number, number][] = [
  ["no stream", "no_stream", 0, 3],
  ["a revision", revisionOf(1), 2, 3],
  ["any, on a new stream", "any", 0, 1],
  ["any, on an old stream", "any", 2, 1],
];

/** How often an append whose outcome is unknown is repeated. A real server needs some seconds to settle it. */
const REPETITIONS = 20;

/** An append that comes again, as it does when its first answer was lost. */
export function repeatedAppendContract({ store, open }: ContractContext): void {
  const begin = async (before: number): Promise<string> => {
    const stream = `${newCategory()}-1`;
    if (before > 0) await store().append(stream, sampleEvents(before), "no_stream");
    return stream;
  };

  describe.each(expectations)("an append expecting %s that comes again", (_, expected, before, count) => {
    it("gives the original result and writes nothing", async () => {
      const stream = await begin(before);
      const events = sampleEvents(count);
      const original = await store().append(stream, events, expected);
      expect(await store().append(stream, events, expected)).toEqual(original);
      expect(await store().read(stream)).toHaveLength(before + count);
    });

    it("gives the original result also after others have appended", async () => {
      const stream = await begin(before);
      const events = sampleEvents(count);
      const original = await store().append(stream, events, expected);
      await store().append(stream, sampleEvents(40), original.revision);
      expect(await store().append(stream, events, expected)).toEqual(original);
      expect(await store().read(stream)).toHaveLength(before + count + 40);
    });

    it("is written once when it comes several times at once, and gives all the one result in the end", async () => {
      const stream = await begin(before);
      const events = sampleEvents(count);
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => store().append(stream, events, expected)));
      const original = await settled(store(), stream, events, expected);
      expect(original.revision).toBe(revisionOf(before + count - 1));
      for (const outcome of outcomes) {
        if (outcome.status === "fulfilled") expect(outcome.value).toEqual(original);
        else expect(outcome.reason).toBeInstanceOf(AppendOutcomeUnknown);
      }
      expect(await settled(store(), stream, events, expected)).toEqual(original);
      expect(idsOf((await store().read(stream)).slice(before))).toEqual(idsOf(events));
    });

    it("gives the original result after the log was opened again", async ({ skip }) => {
      const { reopen } = open();
      if (reopen === undefined) return skip("this log does not outlive its store");
      const stream = await begin(before);
      const events = sampleEvents(count);
      const original = await store().append(stream, events, expected);
      const reopened = await reopen();
      expect(await reopened.append(stream, events, expected)).toEqual(original);
      expect(await reopened.read(stream)).toHaveLength(before + count);
    });
  });

  describe.each(expectations.filter(([, expected]) => expected !== "any"))(
    "several events appended expecting %s that come again",
    (_, expected, before) => {
      it("are a conflict when only some of them were appended", async () => {
        const stream = await begin(before);
        const [first, second, third] = sampleEvents(3);
        await store().append(stream, [first!, second!], expected);
        for (const events of [[first!, second!, third!], [first!, third!], [third!, second!], [second!]]) {
          await expect(store().append(stream, events, expected)).rejects.toThrow(RevisionConflict);
        }
        expect(await store().read(stream)).toHaveLength(before + 2);
      });

      it("are a conflict when they were appended in another order", async () => {
        const stream = await begin(before);
        const events = sampleEvents(2);
        await store().append(stream, events, expected);
        const conflict = store().append(stream, events.toReversed(), expected);
        await expect(conflict).rejects.toMatchObject({ code: "revision_conflict", actual: revisionOf(before + 1) });
      });
    },
  );

  describe("events that were appended once", () => {
    it("are written again when the new last revision is expected", async () => {
      const stream = `${newCategory()}-1`;
      const events = sampleEvents(2);
      await store().append(stream, events, "no_stream");
      expect((await store().append(stream, events, revisionOf(1))).revision).toBe(revisionOf(3));
      expect(idsOf(await store().read(stream))).toEqual([...idsOf(events), ...idsOf(events)]);
    });

    it("are a conflict when a revision is expected after which something else came", async () => {
      const stream = `${newCategory()}-1`;
      const events = sampleEvents(2);
      await store().append(stream, events, "no_stream");
      await store().append(stream, [sampleEvent()], revisionOf(1));
      await expect(store().append(stream, events, revisionOf(1))).rejects.toMatchObject({ actual: revisionOf(2) });
    });

    it("are found however late when the expectation is exact", async () => {
      const stream = `${newCategory()}-1`;
      const events = sampleEvents(2);
      const original = await store().append(stream, events, "no_stream");
      let last = original.revision;
      for (let round = 0; round < 3; round += 1)
        last = (await store().append(stream, sampleEvents(500), last)).revision;
      expect(await store().append(stream, events, "no_stream")).toEqual(original);
    });

    it("are new in another stream", async () => {
      const category = newCategory();
      const event = sampleEvent();
      await store().append(`${category}-1`, [event], "any");
      expect((await store().append(`${category}-2`, [event], "any")).revision).toBe(revisionOf(0));
      expect(await store().read(`${category}-2`)).toHaveLength(1);
    });
  });
}

/** The result of an append, which is repeated while its outcome is unknown. */
async function settled(
  store: EventStore,
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): Promise<AppendResult> {
  for (let repetition = 1; ; repetition += 1) {
    try {
      return await store.append(stream, events, expected);
    } catch (error) {
      if (!(error instanceof AppendOutcomeUnknown) || repetition === REPETITIONS) throw error;
    }
  }
}
