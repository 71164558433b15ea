import { describe, expect, it } from "vitest";
import { prepareAppend } from "../../src/events/store/append/prepared-append.ts";
import type { PreparedAppend } from "../../src/events/store/append/prepared-append.ts";
import type { ExpectedRevision } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, RevisionConflict, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { positionOf, revisionOf } from "../../src/events/store/position.ts";
import { CONFLICT, WRITTEN } from "../../src/events/store/sqlite/writing/append-group.ts";
import type { AppendGroup } from "../../src/events/store/sqlite/writing/append-group.ts";
import { AppendQueue } from "../../src/events/store/sqlite/writing/append-queue.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";

/** A queue whose groups are only collected, and a function that commits the last one. */
function queueUnderTest(): { queue: AppendQueue; sent: AppendGroup[]; commit: () => void } {
  const sent: AppendGroup[] = [];
  const queue = new AppendQueue((group) => void sent.push(group));
  const commit = (): void => {
    queue.settle({ kind: "committed", results: sent.at(-1)!.streams.flatMap((_, index) => [WRITTEN, 0, index + 1]) });
  };
  return { queue, sent, commit };
}

function append(stream: string, options: { text?: string; expected?: ExpectedRevision } = {}): PreparedAppend {
  return prepareAppend(stream, [sampleEvent({ data: { text: options.text ?? "" } })], options.expected ?? "any");
}

describe("the append queue", () => {
  it("sends what comes together as one group, and collects the next while that is under way", async () => {
    const { queue, sent, commit } = queueUnderTest();
    const first = [queue.add(append("user-1")), queue.add(append("user-2"))];
    await Promise.resolve();
    const second = [queue.add(append("user-3")), queue.add(append("user-4"))];
    await Promise.resolve();
    expect(sent.map(({ streams }) => streams)).toEqual([["user-1", "user-2"]]);
    commit();
    expect(await Promise.all(first)).toMatchObject([{ position: positionOf(1) }, { position: positionOf(2) }]);
    expect(sent.map(({ streams }) => streams).at(-1)).toEqual(["user-3", "user-4"]);
    commit();
    await Promise.all(second);
  });

  it("sends at most 256 appends a group, in order", async () => {
    const { queue, sent, commit } = queueUnderTest();
    const all = Array.from({ length: 600 }, (_, number) => queue.add(append(`user-${number}`)));
    await Promise.resolve();
    for (let group = 0; group < 3; group += 1) commit();
    await Promise.all(all);
    expect(sent.map(({ streams }) => streams.length)).toEqual([256, 256, 88]);
    expect(sent.flatMap(({ streams }) => streams)).toEqual(all.map((_, number) => `user-${number}`));
  });

  it("sends at most 4 MiB a group", async () => {
    const { queue, sent, commit } = queueUnderTest();
    const text = "x".repeat(1_000_000);
    const all = Array.from({ length: 6 }, (_, number) => queue.add(append(`user-${number}`, { text })));
    await Promise.resolve();
    commit();
    commit();
    await Promise.all(all);
    expect(sent.map(({ streams }) => streams.length)).toEqual([4, 2]);
  });

  it("refuses what would bring it above 64 MiB, and takes it when there is room again", async () => {
    const { queue, commit } = queueUnderTest();
    const large = append("user-1", { text: "x".repeat(1_000_000) });
    const all = Array.from({ length: 67 }, () => queue.add(large));
    await expect(queue.add(large)).rejects.toThrow(new StoreUnavailable("the append queue is full"));
    const small = queue.add(append("user-2"));
    await Promise.resolve();
    commit();
    const retried = queue.add(large);
    while (!(await isSettled(retried))) commit();
    await Promise.all([...all, small]);
  });

  it("answers each append of a group by its own result", async () => {
    const { queue } = queueUnderTest();
    const outcomes = Promise.allSettled([
      queue.add(append("user-1", { expected: revisionOf(4) })),
      queue.add(append("user-2", { expected: "no_stream" })),
      queue.add(append("user-3", { expected: revisionOf(0) })),
    ]);
    await Promise.resolve();
    queue.settle({ kind: "committed", results: [WRITTEN, 5, 9, CONFLICT, 7, 0, CONFLICT, -1, 0] });
    const [written, conflict, missing] = await outcomes;
    expect(written).toMatchObject({ value: { revision: revisionOf(5), position: positionOf(9) } });
    expect(conflict).toMatchObject({ reason: { expected: "no_stream", actual: revisionOf(7) } });
    expect(missing).toMatchObject({ reason: { expected: revisionOf(0), actual: null } });
    expect((missing as PromiseRejectedResult).reason).toBeInstanceOf(RevisionConflict);
  });

  it.each([
    ["unknown", { kind: "unknown", reason: "disk I/O error" } as const, AppendOutcomeUnknown],
    ["not written", { kind: "not_written", reason: "disk is full", fault: false } as const, StoreUnavailable],
  ])("answers a whole group as %s, then goes on", async (_, outcome, error) => {
    const { queue, sent, commit } = queueUnderTest();
    const group = Promise.allSettled([queue.add(append("user-1")), queue.add(append("user-2"))]);
    await Promise.resolve();
    queue.settle(outcome);
    for (const settled of await group) expect((settled as PromiseRejectedResult).reason).toBeInstanceOf(error);
    const next = queue.add(append("user-3"));
    await Promise.resolve();
    commit();
    await next;
    expect(sent).toHaveLength(2);
  });

  it("refuses waiting and new appends when asked to, and still answers the group under way", async () => {
    const { queue, commit, sent } = queueUnderTest();
    const underWay = queue.add(append("user-1"));
    await Promise.resolve();
    const waiting = queue.add(append("user-2"));
    expect(queue.refuse("the disk failed")).toBe(true);
    expect(queue.refuse("again")).toBe(false);
    await expect(waiting).rejects.toThrow(new StoreUnavailable("the disk failed"));
    await expect(queue.add(append("user-3"))).rejects.toThrow(new StoreUnavailable("the disk failed"));
    commit();
    expect((await underWay).position).toBe(positionOf(1));
    await queue.drained();
    expect(sent).toHaveLength(1);
  });
});

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending;
}
