import { describe, expect, it } from "vitest";
import { wantedList } from "../../../src/cli/replay-list.ts";
import type { ListOptions } from "../../../src/cli/replay-list.ts";
import { UsageError } from "../../../src/cli/subcommand.ts";

describe("a list of deliveries on the command line", () => {
  it("is a screenful in a terminal, 20 elsewhere, and as long as asked for in both", () => {
    expect(wantedList({}, 24)).toEqual({ filter: {}, limit: 19 });
    expect(wantedList({}, 3)).toEqual({ filter: {}, limit: 5 });
    expect(wantedList({}, null)).toEqual({ filter: {}, limit: 20 });
    for (const rows of [24, null]) expect(wantedList({ limit: "10000" }, rows).limit).toBe(10_000);
  });

  it("is of a time in any offset", () => {
    const filter = { from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" };
    expect(wantedList({ from: "2026-01-01T01:00:00+01:00", to: filter.to }, null).filter).toEqual(filter);
    expect(wantedList({ from: filter.from, to: filter.from }, null).filter).toEqual({ ...filter, to: filter.from });
  });

  it.each<[ListOptions, string]>([
    [{ from: "2026-01-01" }, "--from needs a time such as 2026-01-31T12:00:00.000Z"],
    [{ to: "" }, "--to needs a time such as 2026-01-31T12:00:00.000Z"],
    [{ from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }, "--from must not be after --to"],
    ...["0", "-1", "1.5", "ten", "", "10001"].map((limit): [ListOptions, string] => [
      { limit },
      "--limit needs a whole number from 1 to 10000",
    ]),
  ])("refuses %j", (options, message) => {
    expect(() => wantedList(options, null)).toThrow(new UsageError(message));
  });
});
