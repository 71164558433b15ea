import { describe, expect, it } from "vitest";
import type { AppendResult, ExpectedRevision } from "../../src/events/store/event-store.ts";
import { RevisionConflict } from "../../src/events/store/event-store-errors.ts";
import { revisionOf } from "../../src/events/store/position.ts";
import type { Revision } from "../../src/events/store/position.ts";
import { collect, idsOf, newCategory, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import type { ContractContext } from "./event-store.contract.ts";

/** Appends with each form of expected revision, alone and in competition. */
export function appendingContract({ store, begin }: ContractContext): void {
  const appendTo = (stream: string, expected: ExpectedRevision, count = 1): Promise<AppendResult> =>
    store().append(stream, sampleEvents(count), expected);

  const conflictOf = async (append: Promise<AppendResult>): Promise<RevisionConflict> => {
    const error: unknown = await append.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RevisionConflict);
    return error as RevisionConflict;
  };

  describe("appending", () => {
    it("counts the revisions of a stream from 0 and gives the last one", async () => {
      const stream = `${newCategory()}-1`;
      expect((await appendTo(stream, "no_stream")).revision).toBe(revisionOf(0));
      expect((await appendTo(stream, revisionOf(0), 3)).revision).toBe(revisionOf(3));
      expect((await store().read(stream)).map(({ revision }) => revision)).toEqual([0, 1, 2, 3].map(revisionOf));
    });

    it("gives the position of the last event, greater with every append", async () => {
      const category = newCategory();
      const first = await appendTo(`${category}-1`, "no_stream", 2);
      const second = await appendTo(`${category}-2`, "no_stream");
      expect(second.position > first.position).toBe(true);
      const events = await collect(store().readAll({ after: begin(), categories: [category] }));
      expect(events[1]?.position).toBe(first.position);
      expect(events[2]?.position).toBe(second.position);
    });

    it.each<[string, ExpectedRevision]>([
      ["any", "any"],
      ["no stream", "no_stream"],
    ])("begins a stream when %s is expected", async (_, expected) => {
      expect((await appendTo(`${newCategory()}-1`, expected)).revision).toBe(revisionOf(0));
    });

    it.each<[string, ExpectedRevision]>([
      ["any", "any"],
      ["its last revision", revisionOf(1)],
    ])("continues a stream when %s is expected", async (_, expected) => {
      const stream = `${newCategory()}-1`;
      await appendTo(stream, "no_stream", 2);
      expect((await appendTo(stream, expected)).revision).toBe(revisionOf(2));
    });

    it.each<[string, ExpectedRevision]>([
      ["no stream", "no_stream"],
      ["an earlier revision", revisionOf(0)],
      ["a later revision", revisionOf(2)],
    ])("refuses to continue a stream when %s is expected, and names the actual revision", async (_, expected) => {
      const stream = `${newCategory()}-1`;
      await appendTo(stream, "no_stream", 2);
      const conflict = await conflictOf(appendTo(stream, expected, 2));
      expect(conflict).toMatchObject({ stream, expected, actual: revisionOf(1), code: "revision_conflict" });
      expect(await store().read(stream)).toHaveLength(2);
    });

    it("refuses to begin a stream when a revision is expected", async () => {
      const stream = `${newCategory()}-1`;
      const conflict = await conflictOf(appendTo(stream, revisionOf(0)));
      expect(conflict).toMatchObject({ stream, expected: revisionOf(0), actual: null });
      expect(await store().read(stream)).toEqual([]);
    });

    it("lets exactly one of those win that expect the same revision", async () => {
      const stream = `${newCategory()}-1`;
      await appendTo(stream, "no_stream");
      const attempts = Array.from({ length: 20 }, () => sampleEvents(2));
      const outcomes = await Promise.allSettled(
        attempts.map((events) => store().append(stream, events, revisionOf(0))),
      );
      const winners = attempts.filter((_, index) => outcomes[index]?.status === "fulfilled");
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") {
          expect(outcome.reason).toBeInstanceOf(RevisionConflict);
          expect(outcome.reason).toMatchObject({ actual: revisionOf(2) });
        }
      }
      expect(idsOf((await store().read(stream)).slice(1))).toEqual(idsOf(winners[0]!));
    });

    it("decides each of many concurrent appends to one stream by itself", async () => {
      const stream = `${newCategory()}-1`;
      await appendTo(stream, "no_stream");
      const attempts = Array.from({ length: 60 }, (_, index) => ({
        event: sampleEvent(),
        expected: (["any", "no_stream", "any"] as const)[index % 3]!,
      }));
      const outcomes = await Promise.allSettled(
        attempts.map(({ event, expected }) => store().append(stream, [event], expected)),
      );
      attempts.forEach(({ expected }, index) => {
        expect(outcomes[index]?.status).toBe(expected === "no_stream" ? "rejected" : "fulfilled");
      });
      const written = await store().read(stream);
      const revisionById = new Map(written.map(({ id, revision }) => [id, revision]));
      expect(written).toHaveLength(41);
      attempts.forEach(({ event }, index) => {
        const outcome = outcomes[index]!;
        if (outcome.status === "fulfilled") expect(revisionById.get(event.id)).toBe(outcome.value.revision);
      });
    });

    it("takes concurrent appends to many streams and keeps each one's events together", async () => {
      const category = newCategory();
      const appends = Array.from({ length: 100 }, (_, number) => ({
        stream: `${category}-${number}`,
        events: sampleEvents((number % 3) + 1),
      }));
      const results = await Promise.all(
        appends.map(({ stream, events }) => store().append(stream, events, "no_stream")),
      );
      const log = await collect(store().readAll({ after: begin(), categories: [category] }));
      expect(log).toHaveLength(appends.reduce((sum, { events }) => sum + events.length, 0));
      appends.forEach(({ events }, index) => {
        const last = log.findIndex(({ id }) => id === events.at(-1)?.id);
        expect(idsOf(log.slice(last - events.length + 1, last + 1))).toEqual(idsOf(events));
        expect(log[last]?.position).toBe(results[index]?.position);
      });
    });

    it("refuses several events when any revision is expected", async () => {
      const stream = `${newCategory()}-1`;
      await expect(appendTo(stream, "any", 2)).rejects.toThrow(RangeError);
      expect(await store().read(stream)).toEqual([]);
    });

    it.each(["00000000000000000x1", "7", "-1", ""])(
      "refuses %j, which is not an expected revision",
      async (expected) => {
        await expect(appendTo(`${newCategory()}-1`, expected as Revision)).rejects.toThrow(RangeError);
      },
    );
  });
}
