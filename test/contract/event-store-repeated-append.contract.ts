import { describe, expect, it } from "vitest";
import { RevisionConflict } from "../../src/events/event-store-errors.ts";
import type { ExpectedRevision } from "../../src/events/event-store.ts";
import { revisionOf } from "../../src/events/position.ts";
import { idsOf, newCategory, sampleEvent, sampleEvents } from "../fixtures/event-samples.ts";
import type { ContractContext } from "./event-store.contract.ts";

/** The form of expectation, and what the stream has before the append. */
const expectations: [string, ExpectedRevision, number][] = [
  ["no stream", "no_stream", 0],
  ["a revision", revisionOf(1), 2],
  ["any, on a new stream", "any", 0],
  ["any, on an old stream", "any", 2],
  ["an existing stream", "stream_exists", 2],
];

/** An append that comes again, as it does when its first answer was lost. */
export function repeatedAppendContract({ store, open }: ContractContext): void {
  describe.each(expectations)("an append expecting %s that comes again", (_, expected, before) => {
    const begin = async (): Promise<string> => {
      const stream = `${newCategory()}-1`;
      if (before > 0) await store().append(stream, sampleEvents(before), "no_stream");
      return stream;
    };

    it("gives the original result and writes nothing", async () => {
      const stream = await begin();
      const events = sampleEvents(3);
      const original = await store().append(stream, events, expected);
      expect(await store().append(stream, events, expected)).toEqual(original);
      expect(await store().read(stream)).toHaveLength(before + 3);
    });

    it("gives the original result also after others have appended", async () => {
      const stream = await begin();
      const events = sampleEvents(2);
      const original = await store().append(stream, events, expected);
      await store().append(stream, sampleEvents(40), "any");
      expect(await store().append(stream, events, expected)).toEqual(original);
      expect(await store().read(stream)).toHaveLength(before + 42);
    });

    it("gives both the one result when both come at once", async () => {
      const stream = await begin();
      const events = sampleEvents(2);
      const results = await Promise.all([1, 2, 3].map(() => store().append(stream, events, expected)));
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
      expect(await store().read(stream)).toHaveLength(before + 2);
    });

    it("is a conflict when only some of its events were appended", async () => {
      const stream = await begin();
      const [first, second, third] = sampleEvents(3);
      await store().append(stream, [first!, second!], expected);
      for (const events of [
        [first!, second!, third!],
        [first!, third!],
        [third!, second!],
      ]) {
        await expect(store().append(stream, events, expected)).rejects.toThrow(RevisionConflict);
      }
      expect(await store().read(stream)).toHaveLength(before + 2);
    });

    it("is a conflict when its events were appended in another order", async () => {
      const stream = await begin();
      const events = sampleEvents(2);
      await store().append(stream, events, expected);
      const conflict = store().append(stream, events.toReversed(), expected);
      await expect(conflict).rejects.toMatchObject({ code: "revision_conflict", actual: revisionOf(before + 1) });
    });

    it("gives the original result after the log was opened again", async ({ skip }) => {
      const { reopen } = open();
      if (reopen === undefined) return skip("this log does not outlive its store");
      const stream = await begin();
      const events = sampleEvents(2);
      const original = await store().append(stream, events, expected);
      const reopened = await reopen();
      expect(await reopened.append(stream, events, expected)).toEqual(original);
      expect(await reopened.read(stream)).toHaveLength(before + 2);
    });
  });

  describe("events that were appended once", () => {
    it("are written again when the new last revision is expected", async () => {
      const stream = `${newCategory()}-1`;
      const events = sampleEvents(2);
      await store().append(stream, events, "no_stream");
      expect((await store().append(stream, events, revisionOf(1))).revision).toBe(revisionOf(3));
      expect(idsOf(await store().read(stream))).toEqual([...idsOf(events), ...idsOf(events)]);
    });

    it("are a conflict when a revision is expected behind which something else came", async () => {
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
      for (let round = 0; round < 3; round += 1) await store().append(stream, sampleEvents(500), "any");
      expect(await store().append(stream, events, "no_stream")).toEqual(original);
    });

    it("are new in another stream", async () => {
      const category = newCategory();
      const events = sampleEvents(2);
      await store().append(`${category}-1`, events, "any");
      expect((await store().append(`${category}-2`, events, "any")).revision).toBe(revisionOf(1));
      expect(await store().read(`${category}-2`)).toHaveLength(2);
    });
  });
}
