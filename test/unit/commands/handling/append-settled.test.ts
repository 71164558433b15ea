import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { appendSettled } from "../../../../src/commands/handling/append-settled.ts";
import { eventsToAppend } from "../../../../src/commands/handling/command-context.ts";
import {
  AppendOutcomeUnknown,
  RevisionConflict,
  StoreUnavailable,
} from "../../../../src/events/store/event-store-errors.ts";
import { newContext, newStore } from "../../../fixtures/event-log/store-doubles.ts";
import { requested } from "../../../specification/delivery-story.ts";

const STREAM = "delivery-1";
const events = eventsToAppend([requested()], newContext());

describe("an append whose outcome stays unknown", () => {
  it("is repeated with the same ids, so that it is written once", async () => {
    const store = newStore();
    store.onAppend = async (_stream, _events, write) => {
      const result = await write();
      if (store.appends.length < 3) throw new AppendOutcomeUnknown("the connection broke");
      return result;
    };
    await expect(appendSettled(store, STREAM, events, "no_stream")).resolves.toMatchObject({
      revision: "00000000000000000000",
    });
    expect(await store.read(STREAM)).toHaveLength(1);
    expect(new Set(store.appends.map((append) => append.events[0]?.id)).size).toBe(1);
  });

  it("is written by the repetition when the first did not arrive", async () => {
    const store = newStore();
    store.onAppend = (_stream, _events, write) =>
      store.appends.length === 1 ? Promise.reject(new AppendOutcomeUnknown("the connection broke")) : write();
    await appendSettled(store, STREAM, events, "no_stream");
    expect(await store.read(STREAM)).toHaveLength(1);
  });

  it("stays unknown after three repetitions", async () => {
    const store = newStore();
    store.onAppend = () => Promise.reject(new AppendOutcomeUnknown("the connection broke"));
    await expect(appendSettled(store, STREAM, events, "no_stream")).rejects.toThrow(AppendOutcomeUnknown);
    expect(store.appends).toHaveLength(4);
  });

  it("stays unknown when the store is unavailable to the repetitions, since the first may be in the log", async () => {
    const store = newStore();
    store.onAppend = async (_stream, _events, write) => {
      if (store.appends.length > 1) throw new StoreUnavailable("the log is down");
      await write();
      throw new AppendOutcomeUnknown("the connection broke");
    };
    await expect(appendSettled(store, STREAM, events, "no_stream")).rejects.toThrow(AppendOutcomeUnknown);
    expect(await store.read(STREAM)).toHaveLength(1);
  });

  it("is settled by a repetition that comes after the store was unavailable for a while", async () => {
    const store = newStore();
    store.onAppend = async (_stream, _events, write) => {
      if (store.appends.length === 2) throw new StoreUnavailable("the log is down");
      const result = await write();
      if (store.appends.length === 1) throw new AppendOutcomeUnknown("the connection broke");
      return result;
    };
    await appendSettled(store, STREAM, events, "no_stream");
    expect(await store.read(STREAM)).toHaveLength(1);
  });

  it("is a conflict when somebody else wrote meanwhile", async () => {
    const store = newStore();
    store.onAppend = async (_stream, _events, write) => {
      if (store.appends.length > 1) return write();
      await store.append(STREAM, eventsToAppend([requested()], newContext()), "no_stream");
      throw new AppendOutcomeUnknown("the connection broke");
    };
    await expect(appendSettled(store, STREAM, events, "no_stream")).rejects.toThrow(RevisionConflict);
  });
});

describe("an append whose outcome is known", () => {
  it.each([
    ["the store is unavailable", new StoreUnavailable("the log is down")],
    ["another was faster", new RevisionConflict(STREAM, "no_stream", null)],
  ])("is not repeated when %s", async (_why, error) => {
    const store = newStore();
    store.onAppend = () => Promise.reject(error);
    await expect(appendSettled(store, STREAM, events, "no_stream")).rejects.toBe(error);
    expect(store.appends).toHaveLength(1);
  });
});

describe("an append whose outcome stays unknown for long", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  /** A store of which each append ends unknown after so many ms; gives when the appends began and when it all ended. */
  async function timesOf(appendMs: number): Promise<{ begun: number[]; ended: number }> {
    const store = newStore();
    const begun: number[] = [];
    store.onAppend = async () => {
      begun.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, appendMs));
      throw new AppendOutcomeUnknown("no answer");
    };
    const start = performance.now();
    const appended = expect(appendSettled(store, STREAM, events, "no_stream")).rejects.toThrow(AppendOutcomeUnknown);
    await vi.runAllTimersAsync();
    await appended;
    return { begun, ended: performance.now() - start };
  }

  it("is not repeated when the store tried for its whole patience", async () => {
    expect(await timesOf(4_000)).toEqual({ begun: [0], ended: 4_000 });
  });

  it("is repeated within a second of its beginning, the first try counted", async () => {
    expect(await timesOf(10)).toEqual({ begun: [0, 10, 120, 330], ended: 340 });
    expect(await timesOf(400)).toEqual({ begun: [0, 400, 900], ended: 1_300 });
  });

  it.each([0, 100, 333, 999, 1_000, 1_001, 2_500, 4_000])(
    "ends within 5 s when a try takes %i ms",
    async (appendMs) => {
      const { begun, ended } = await timesOf(appendMs);
      expect(Math.max(...begun)).toBeLessThanOrEqual(1_000);
      expect(ended).toBeLessThanOrEqual(5_000);
    },
  );
});
