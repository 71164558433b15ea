import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_APPEND_BYTES } from "../../../../src/events/store/event-store.ts";
import { EventTooLarge } from "../../../../src/events/store/event-store-errors.ts";
import { checkExport } from "../../../../src/processes/transfer/check-export.ts";
import { TransferRefused } from "../../../../src/processes/transfer/transfer-refused.ts";
import { sampleEvent } from "../../../fixtures/event-log/event-samples.ts";
import {
  copyEvents,
  exportOf,
  importText,
  inPieces,
  kept,
  logOf,
  sampleLog,
} from "../../../fixtures/event-log/transferred-logs.ts";

/** The one line with which an export is refused. */
async function refusalOf(text: string | Uint8Array): Promise<string> {
  try {
    await checkExport(inPieces(text));
  } catch (error) {
    if (!(error instanceof TransferRefused)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  throw new Error("the export was taken");
}

/** The lines of an export, changed. */
async function changed(change: (lines: string[]) => void): Promise<string> {
  const lines = (await exportOf(await sampleLog(6))).trimEnd().split("\n");
  change(lines);
  return `${lines.join("\n")}\n`;
}

describe("an export is refused", () => {
  it("when it is cut short at any byte", async () => {
    const whole = Buffer.from(await exportOf(await sampleLog(3)));
    for (let cut = 0; cut < whole.length; cut += 1) {
      expect(await refusalOf(whole.subarray(0, cut))).toMatch(/cut short after line \d|not an export of a log/);
    }
    expect(await checkExport(inPieces(whole))).toMatchObject({ events: 3 });
  });

  it("when any byte of an event is changed, except where and when the log had it", async () => {
    const text = await exportOf(await sampleLog(2));
    const whole = Buffer.from(text);
    const place = /"position":"\d{20}","recorded_at":"[^"]*"/.exec(text)!;
    const places = [place.index, text.indexOf(place[0].slice(0, 12), place.index + 1)];
    const isPlace = (at: number): boolean => places.some((start) => at >= start && at < start + place[0].length);
    const change = fc.record({ at: fc.nat(whole.length - 1), by: fc.integer({ min: 1, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, by }) => {
        fc.pre(!isPlace(at) && !/^\{"(after|events)/.test(lineAt(text, at)));
        const damaged = Buffer.from(whole);
        damaged[at] = (whole[at]! + by) % 256;
        await refusalOf(damaged);
      }),
      { numRuns: 500 },
    );
  });

  it("when an event was removed", async () => {
    expect(await refusalOf(await changed((lines) => lines.splice(3, 1)))).toBe(
      "the export has 5 events, not the 6 of its last line",
    );
  });

  it("when two events were swapped", async () => {
    const swap = (lines: string[]): unknown => ([lines[2], lines[3]] = [lines[3]!, lines[2]!]);
    expect(await refusalOf(await changed(swap))).toBe("line 4 is not in the order of the log");
  });

  it("when an event was put in twice", async () => {
    expect(await refusalOf(await changed((lines) => lines.splice(3, 0, lines[2]!)))).toContain(
      "line 4 is not in the order",
    );
  });

  it("when an event was replaced and the count still fits", async () => {
    const other = await changed(() => undefined);
    const replace = (lines: string[]): void => void (lines[3] = other.split("\n")[3]!);
    expect(await refusalOf(await changed(replace))).toContain("the export was changed: ");
  });

  it.each<[string, string, (lines: string[]) => void]>([
    ["something comes after its end", "line 9 comes after the end", (lines) => lines.push(lines[0]!)],
    ["its first line is missing", "this is not an export", (lines) => lines.shift()],
    ["it begins twice", "line 2 is a second header", (lines) => lines.unshift(lines[0]!)],
    ["a line is empty", "line 3 is not JSON", (lines) => (lines[2] = "")],
    ["a line is another program's", "line 3 is not a line of an export", (lines) => (lines[2] = '{"data":{},"a":1}')],
    ["a key is there twice", "line 3 is not in the form", (lines) => double(lines, '"data":{', '"data":{"number":9,')],
    [
      "a number has too many digits",
      "line 3 is not in the form",
      (lines) => double(lines, '"number":1', '"number":1.0'),
    ],
    ["its data is a text", "data: must be an object", (lines) => double(lines, /"data":\{[^}]*\}/, '"data":"x"')],
    [
      "it is of a newer version",
      "has version 2, this program reads up to 1",
      (lines) => {
        lines[0] = '{"after":null,"format":"webhook-gateway-log","new":1,"version":2}';
      },
    ],
    ["it is something else", "line 1 ", (lines) => lines.splice(0, lines.length, "<html></html>")],
  ])("when %s", async (_name, message, change) => {
    expect(await refusalOf(await changed(change))).toContain(message);
  });

  it("when it is not UTF-8, or a line has no end", async () => {
    const whole = Buffer.from(await exportOf(await sampleLog(2)));
    whole[whole.indexOf("anonymous")] = 0xff;
    expect(await refusalOf(whole)).toBe("line 2 is not UTF-8");
    expect(await refusalOf(Buffer.alloc(3 * 1024 * 1024, "x"))).toContain("line 1 is longer than any line");
  });
});

describe("a log is left as it is", () => {
  it("when it holds other events than the export, with the place", async () => {
    const source = await sampleLog(6);
    const text = await exportOf(source);
    for (let same = 0; same < 6; same += 1) {
      const target = await logOf([]);
      await copyEvents(source, target, same);
      await target.append("user-77", [sampleEvent()], "no_stream");
      const before = await kept(target);
      await expect(importText(target, text)).rejects.toThrow(
        new RegExp(`line ${same + 2} has .*, the log has .* at revision 0 of user-77 there`),
      );
      expect(await kept(target)).toEqual(before);
    }
  });

  it("when an event has the same id and place and other data", async () => {
    const id = randomUUID();
    const text = await exportOf(await logOf([{ stream: "user-1", events: [sampleEvent({ id, data: { a: 1 } })] }]));
    const target = await logOf([{ stream: "user-1", events: [sampleEvent({ id, data: { a: 2 } })] }]);
    await expect(importText(target, text)).rejects.toThrow("the log is not the beginning of this export: line 2 ");
  });

  it("when it continues after the export", async () => {
    const source = await sampleLog(3);
    const text = await exportOf(source);
    const target = await logOf([]);
    await copyEvents(source, target, 3);
    await target.append("user-77", [sampleEvent()], "no_stream");
    await expect(importText(target, text)).rejects.toThrow("holds the whole export and continues with SampleHappened ");
    expect(await kept(target)).toHaveLength(4);
  });
});

describe("an import notices", () => {
  it("that another program wrote to a stream during the import", async () => {
    const text = await exportOf(await sampleLog(6));
    const target = await logOf([]);
    target.onAppend = async (stream, _events, write) => {
      target.onAppend = (_stream, _more, append) => append();
      await target.append(stream, [sampleEvent()], "any");
      return write();
    };
    await expect(importText(target, text, { appends: 1 })).rejects.toThrow("another program writes to this log");
  });

  it.each([
    [65_536, "raise that limit of the server (--max-append-size) to 1 MiB and import again"],
    [MAX_APPEND_BYTES, "no version of the gateway writes so large an event"],
  ])("that an event is larger than the %i bytes that the log takes", async (limit, hint) => {
    const text = await exportOf(await sampleLog(2));
    const target = await logOf([]);
    target.onAppend = (stream) => Promise.reject(new EventTooLarge(stream, 2_000_000, limit));
    await expect(importText(target, text)).rejects.toThrow(
      new TransferRefused(
        `an append of 2000000 bytes to user-1 is larger than the ${limit} bytes that the log takes: ${hint}`,
      ),
    );
  });

  it("that the log does not give back what was written", async () => {
    const text = await exportOf(await sampleLog(6));
    const target = await logOf([]);
    target.onAppend = (_stream, events, write) => {
      (events[0]!.data as { number: number }).number = 99;
      return write();
    };
    await expect(importText(target, text)).rejects.toThrow("the log does not hold what was imported: 6 events");
  });
});

function lineAt(text: string, at: number): string {
  return text.slice(text.lastIndexOf("\n", at - 1) + 1);
}

function double(lines: string[], from: string | RegExp, to: string): void {
  lines[2] = lines[2]!.replace(from, to);
}
