import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../src/events/store/position.ts";
import { beginExport, resumeExport } from "../../../../src/processes/transfer/export-log.ts";
import type { ImportReport } from "../../../../src/processes/transfer/import-log.ts";
import { sampleEvent } from "../../../fixtures/event-log/event-samples.ts";
import {
  copyEvents,
  exportOf,
  importText,
  inPieces,
  kept,
  logOf,
  randomAppends,
  restOf,
  sampleLog,
} from "../../../fixtures/event-log/transferred-logs.ts";

/** What the last line of an export says. */
function footerOf(text: string): { events: number; sha256: string; position: string | null } {
  return JSON.parse(text.trimEnd().split("\n").at(-1)!) as { events: number; sha256: string; position: string | null };
}

describe("a log that is exported and imported", () => {
  it("is the same log, with the same digest, whatever it holds and however its bytes are cut", async () => {
    const sizes = fc.record({ pieceBytes: fc.integer({ min: 1, max: 500 }), appends: fc.integer({ min: 1, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(randomAppends, sizes, async (appends, options) => {
        const source = await logOf(appends);
        const target = await logOf([]);
        const text = await exportOf(source);
        const report = await importText(target, text, options);
        expect(await kept(target)).toEqual(await kept(source));
        expect(report).toMatchObject({ events: (await kept(source)).length, alreadyThere: 0 });
        expect(footerOf(await exportOf(target)).sha256).toBe(report.sha256);
      }),
    );
  });

  it("may be empty", async () => {
    const text = await exportOf(await logOf([]));
    expect(text.split("\n")).toEqual([
      '{"after":null,"format":"webhook-gateway-log","version":1}',
      '{"events":0,"position":null,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}',
      "",
    ]);
    expect(await importText(await logOf([]), text)).toMatchObject({ events: 0, alreadyThere: 0 });
  });

  it("holds on to events of types that this version does not know, and says so once a type", async () => {
    const foreign = [
      sampleEvent({ type: "FromTheFuture", data: { $kept: [1.5, null] } }),
      sampleEvent({ type: "FromTheFuture" }),
    ];
    const source = await logOf([{ stream: "thing-1", events: foreign }]);
    const target = await logOf([]);
    const { unreadable } = await importText(target, await exportOf(source));
    expect(unreadable).toEqual([expect.stringContaining("FromTheFuture is not in this version's catalogue")]);
    expect(await kept(target)).toEqual(await kept(source));
  });

  it("appends neighbours of one stream together, and never more at once than it may", async () => {
    const source = await logOf([
      { stream: "user-1", events: [sampleEvent(), sampleEvent()] },
      { stream: "user-1", events: [sampleEvent()] },
      { stream: "user-2", events: [sampleEvent()] },
      { stream: "user-3", events: [sampleEvent()] },
    ]);
    const target = await logOf([]);
    let underWay = 0;
    let most = 0;
    target.onAppend = async (_stream, _events, write) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return write();
    };
    await importText(target, await exportOf(source), { appends: 2 });
    expect(target.appends.map(({ stream, events }) => [stream, events.length])).toEqual([
      ["user-1", 3],
      ["user-2", 1],
      ["user-3", 1],
    ]);
    expect(most).toBe(2);
  });

  it("keeps events of the largest size", async () => {
    const large = { text: "ä".repeat(500_000) };
    const source = await logOf([{ stream: "user-1", events: [sampleEvent({ data: large })] }]);
    await source.append("user-1", [sampleEvent({ data: large })], "any");
    const target = await logOf([]);
    await importText(target, await exportOf(source), { pieceBytes: 64_000 });
    expect(await kept(target)).toEqual(await kept(source));
  });
});

describe("an export", () => {
  it("of the same events has the same bytes", async () => {
    const source = await sampleLog(20);
    expect(await exportOf(source)).toBe(await exportOf(source));
  });

  it("that was broken off at any byte goes on to the same bytes", async () => {
    const source = await sampleLog(4);
    const whole = Buffer.from(await exportOf(source));
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const progress = await resumeExport(source, null, inPieces(whole.subarray(0, cut)));
      const rest = await restOf(source, progress);
      expect(Buffer.concat([whole.subarray(0, progress.bytes), Buffer.from(rest)]).equals(whole), `${cut}`).toBe(true);
    }
  });

  it("goes on with what the log got since it was broken off", async () => {
    const source = await sampleLog(4);
    const before = await exportOf(source);
    await source.append("user-9", [sampleEvent()], "no_stream");
    const progress = await resumeExport(source, null, inPieces(before));
    const rest = await restOf(source, progress);
    expect(Buffer.from(before).subarray(0, progress.bytes).toString() + rest).toBe(await exportOf(source));
  });

  it("does not go on with that of another log, of another beginning, or with a changed one", async () => {
    const source = await sampleLog(4);
    const other = await exportOf(await sampleLog(4));
    await expect(resumeExport(source, null, inPieces(other))).rejects.toThrow("is not of this log");
    const own = await exportOf(source);
    await expect(resumeExport(source, positionOf(2), inPieces(own))).rejects.toThrow("begins elsewhere");
    await expect(resumeExport(source, null, inPieces(own.replace('"number":1', '"number":01')))).rejects.toThrow(
      "line 3 ",
    );
  });

  it("of the events after a position is imported after it, and only there", async () => {
    const source = await sampleLog(10);
    const target = await logOf([]);
    const first = await exportOf(source);
    await importText(target, first);
    for (let n = 0; n < 5; n += 1) await source.append(`delivery-${n + 10}`, [sampleEvent()], "no_stream");
    const after = positionOf(Number(footerOf(first).position));
    const rest = await restOf(source, await beginExport(source, after));
    expect(await importText(target, rest)).toMatchObject({ events: 5, alreadyThere: 0 });
    expect(await importText(target, rest)).toMatchObject({ events: 5, alreadyThere: 5 });
    expect(await kept(target)).toEqual(await kept(source));
    await expect(importText(await logOf([]), rest)).rejects.toThrow("which this log does not hold");
  });

  it("is not begun after a position that the log does not have", async () => {
    await expect(beginExport(await sampleLog(3), positionOf(4))).rejects.toThrow("there is no event at position");
  });

  it("names the event that it cannot write", async () => {
    const source = await sampleLog(2);
    await source.append("user-7", [sampleEvent({ data: { text: "\ud800" } })], "any");
    await expect(exportOf(source)).rejects.toThrow("event 00000000000000000000 of stream user-7 cannot be read");
  });
});

describe("an import that was broken off", () => {
  it("goes on from any event, and finds nothing to do when it was done", async () => {
    const source = await sampleLog(12);
    const text = await exportOf(source);
    for (let there = 0; there <= 12; there += 1) {
      const target = await logOf([]);
      await copyEvents(source, target, there);
      const before = target.appends.length;
      const report: ImportReport = await importText(target, text);
      expect(report).toMatchObject({ events: 12, alreadyThere: there });
      expect(target.appends.slice(before).flatMap(({ events }) => events)).toHaveLength(12 - there);
      expect(await kept(target)).toEqual(await kept(source));
    }
  });

  it("goes on after an append that failed, and has left no gap", async () => {
    const source = await sampleLog(12);
    const text = await exportOf(source);
    for (let failing = 1; failing <= 8; failing += 1) {
      const target = await logOf([]);
      let appends = 0;
      target.onAppend = (_stream, _events, write) => {
        appends += 1;
        return appends === failing ? Promise.reject(new Error("the disk is full")) : write();
      };
      await expect(importText(target, text, { appends: 1 })).rejects.toThrow("the disk is full");
      const left = await kept(target);
      expect(left).toEqual((await kept(source)).slice(0, left.length));
      expect(await importText(target, text)).toMatchObject({ alreadyThere: left.length });
      expect(await kept(target)).toEqual(await kept(source));
    }
  });

  it("writes an append of unknown outcome once", async () => {
    const { AppendOutcomeUnknown } = await import("../../../../src/events/store/event-store-errors.ts");
    const source = await sampleLog(6);
    const target = await logOf([]);
    let appends = 0;
    target.onAppend = async (_stream, _events, write) => {
      appends += 1;
      const result = await write();
      if (appends === 2) throw new AppendOutcomeUnknown("no answer came");
      return result;
    };
    await importText(target, await exportOf(source), { appends: 1 });
    expect(await kept(target)).toEqual(await kept(source));
  });
});
