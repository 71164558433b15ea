import { describe, expect, it } from "vitest";
import { newLogSignal } from "../../../src/events/store/sqlite/log-signal.ts";
import { readModelSourceOf } from "../../../src/storage/open-read-models.ts";

const URL = "esdb://log:2113?tls=false";

describe("the read models in the data folder", () => {
  const logIdUnder = (prefix: string): string => {
    const source = readModelSourceOf({ mongodbUrl: null }, "/data", { kind: "eventstoredb", url: URL, prefix });
    if (source.kind !== "embedded") throw new Error("they are elsewhere");
    return source.logId;
  };

  it("belong to another log when the prefix of the streams is another", () => {
    expect(logIdUnder("a.")).toBe(logIdUnder("a."));
    expect(logIdUnder("a.")).not.toBe(logIdUnder("a"));
  });

  it("belong to another log than those of streams without a prefix, which earlier versions made", () => {
    for (const prefix of ["webhook_gateway.", "eventstoredb"]) expect(logIdUnder(prefix)).not.toBe("eventstoredb");
  });

  it("belong to the embedded log by the id that it was made with", () => {
    const log = { kind: "embedded", directory: "/data", signal: newLogSignal(), logId: "b1a4" } as const;
    expect(readModelSourceOf({ mongodbUrl: null }, "/data", log)).toEqual({
      kind: "embedded",
      directory: "/data",
      logId: "b1a4",
    });
  });
});
