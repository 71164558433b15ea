import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import { TransferRefused } from "../../../../src/processes/transfer/transfer-refused.ts";
import type { HookedEventStore } from "../../../fixtures/event-log/store-doubles.ts";
import {
  copyEvents,
  exportOf,
  importText,
  kept,
  logOf,
  randomAppends,
  sampleLog,
} from "../../../fixtures/event-log/transferred-logs.ts";

const WINDOW = { appends: 2, batches: 3 };

/** Holds each append until `release`, which writes them in the order of their calls. */
function held(target: HookedEventStore): { count: () => number; release: () => void } {
  const waiting: (() => void)[] = [];
  target.onAppend = (_stream, _events, write) =>
    new Promise((resolve, reject) => waiting.push(() => void write().then(resolve, reject)));
  return {
    count: () => waiting.length,
    release: () => {
      for (const next of waiting.splice(0)) next();
    },
  };
}

/** What runs without waiting for anything outside. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("an import into a log that answers late", () => {
  it("has a window of appends under way, and no more", async () => {
    const source = await sampleLog(40);
    const target = await logOf([]);
    const appends = held(target);
    const done = importText(target, await exportOf(source), WINDOW);
    let ended = false;
    void done.finally(() => (ended = true));
    let most = 0;
    while (!ended) {
      await nextTurn();
      most = Math.max(most, appends.count());
      appends.release();
    }
    await done;
    expect(most).toBe(WINDOW.appends * WINDOW.batches);
    expect(await kept(target)).toEqual(await kept(source));
  });

  it("makes the same log, whatever it holds and whatever stays unknown, when the log keeps the order", async () => {
    const sizes = fc.record({ appends: fc.integer({ min: 1, max: 4 }), batches: fc.integer({ min: 1, max: 4 }) });
    const unknown = fc.array(fc.constantFrom("answered", "unanswered"), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(randomAppends, sizes, unknown, async (appends, options, fates) => {
        const source = await logOf(appends);
        const target = await logOf([]);
        const tried = new Set<unknown>();
        target.onAppend = async (stream, events, write) => {
          const result = await write();
          const first = `${stream} ${result.revision} ${events.length}`;
          const again = tried.has(first);
          tried.add(first);
          if (!again && fates[tried.size] === "unanswered") throw new AppendOutcomeUnknown("no answer came");
          return result;
        };
        await importText(target, await exportOf(source), options);
        expect(await kept(target)).toEqual(await kept(source));
      }),
    );
  });

  it("repeats in order all that a stall has swallowed from some append on", async () => {
    const source = await sampleLog(20);
    const text = await exportOf(source);
    for (let swallowed = 1; swallowed <= 12; swallowed += 1) {
      const target = await logOf([]);
      let made = 0;
      target.onAppend = async (_stream, _events, write) => {
        made += 1;
        // From there on nothing comes through until all that was under way is given up.
        if (made >= swallowed && made < swallowed + 4) throw new AppendOutcomeUnknown("no answer came");
        return write();
      };
      await importText(target, text, { appends: 2, batches: 2 });
      expect(await kept(target)).toEqual(await kept(source));
    }
  });
});

describe("an import is refused, with what to do", () => {
  it("when an append of unknown outcome turns out not to have been written before a later one", async () => {
    const target = await logOf([]);
    let made = 0;
    target.onAppend = async (_stream, _events, write) => {
      made += 1;
      if (made === 2) throw new AppendOutcomeUnknown("no answer came");
      return write();
    };
    await expect(importText(target, await exportOf(await sampleLog(20)), WINDOW)).rejects.toThrow(
      /^the log has revision \d+ of \S+ before what precedes it in the export .* import into an empty one$/,
    );
  });

  it("as soon as the log has two appends in another order", async () => {
    const target = await logOf([]);
    let second: (() => void) | null = null;
    let made = 0;
    target.onAppend = async (_stream, _events, write) => {
      made += 1;
      if (made === 2) await new Promise<void>((resolve) => (second = resolve));
      const result = await write();
      if (made === 3) second?.();
      return result;
    };
    const importing = importText(target, await exportOf(await sampleLog(200)), { appends: 1, batches: 2 });
    await expect(importing).rejects.toThrow("an append was written out of order");
    expect(made).toBeLessThan(6);
  });

  it("when an append failed and a later one was written, and again when it is repeated", async () => {
    const text = await exportOf(await sampleLog(20));
    const target = await logOf([]);
    let made = 0;
    target.onAppend = async (_stream, _events, write) => {
      made += 1;
      if (made === 2) throw new StoreUnavailable("the disk is full");
      return write();
    };
    await expect(importText(target, text, WINDOW)).rejects.toThrow(
      /^the log lacks revision \d+ of \S+ and has what follows it in the export \(the disk is full\); .* an empty one$/,
    );
    target.onAppend = (_stream, _events, write) => write();
    const before = await kept(target);
    await expect(importText(target, text, WINDOW)).rejects.toThrow("the log is not the beginning of this export");
    expect(await kept(target)).toEqual(before);
  });
});

describe("an import that failed", () => {
  it("says so only when every append under way has an outcome, and continues when there is no gap", async () => {
    const source = await sampleLog(20);
    const text = await exportOf(source);
    for (let failing = 1; failing <= 8; failing += 1) {
      const target = await logOf([]);
      let [made, underWay] = [0, 0];
      target.onAppend = async (_stream, _events, write) => {
        made += 1;
        underWay += 1;
        await nextTurn();
        underWay -= 1;
        if (made > failing) throw new StoreUnavailable("the server is gone");
        return write();
      };
      const failed = await importText(target, text, WINDOW).catch((error: unknown) => error);
      expect([underWay, failed instanceof StoreUnavailable || failed instanceof TransferRefused]).toEqual([0, true]);
      target.onAppend = (_stream, _events, write) => write();
      const left = (await kept(target)).length;
      expect(await importText(target, text, WINDOW)).toMatchObject({ alreadyThere: left });
      expect(await kept(target)).toEqual(await kept(source));
    }
  });

  it("does not go on in a log that lacks an event in the middle", async () => {
    const source = await sampleLog(9);
    const text = await exportOf(source);
    const target = await logOf([]);
    await copyEvents(source, target, 4);
    const [stream] = (await kept(source)).slice(5).map((event) => event.stream);
    const [, ...rest] = (await kept(source)).slice(4);
    const next = rest.find((event) => event.stream === stream)!;
    await target.append(stream!, [{ ...next, data: next.data as object }], "any");
    const before = await kept(target);
    await expect(importText(target, text, WINDOW)).rejects.toThrow("the log is not the beginning of this export");
    expect(await kept(target)).toEqual(before);
  });
});
