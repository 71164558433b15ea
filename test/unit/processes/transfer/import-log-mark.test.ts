import { describe, expect, it } from "vitest";
import type { EventStore } from "../../../../src/events/store/event-store.ts";
import { importLog } from "../../../../src/processes/transfer/import-log.ts";
import { exportOf, logOf, sampleLog } from "../../../fixtures/event-log/transferred-logs.ts";

const IN_FLIGHT = { appends: 2, bytes: 100_000, batches: 1 };

/** Imports a text, and gives each mark with how many events the log held then. */
async function marksOf(log: EventStore, text: string): Promise<readonly string[]> {
  const marks: string[] = [];
  const mark = async (unfinished: boolean): Promise<void> => {
    marks.push(`${unfinished ? "unfinished" : "whole"} at ${Number((await log.head()) ?? 0)}`);
  };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  await importLog(log, bytes(), { inFlight: IN_FLIGHT, mark }).catch(() => marks.push("refused"));
  return marks;
}

describe("the mark of an import", () => {
  it("is set before the first event and taken away after the last", async () => {
    const text = await exportOf(await sampleLog(40));
    expect(await marksOf(await logOf([]), text)).toEqual(["unfinished at 0", "whole at 40"]);
  });

  it("stays when the digest is wrong", async () => {
    const text = (await exportOf(await sampleLog(40))).replace(/"sha256":"[0-9a-f]{4}/, '"sha256":"0000');
    expect(await marksOf(await logOf([]), text)).toEqual(["unfinished at 0", "refused"]);
  });

  it("is not set on a log in which nothing is written", async () => {
    const source = await sampleLog(40);
    expect(await marksOf(source, await exportOf(source))).toEqual(["whole at 40"]);
    expect(await marksOf(source, await exportOf(await sampleLog(8)))).toEqual(["refused"]);
  });
});
