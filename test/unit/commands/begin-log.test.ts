import { describe, expect, it } from "vitest";
import { beginLog, decideBeginLog } from "../../../src/commands/begin-log.ts";
import { newContext, newStore, NOON, outcomesOf, times } from "../../fixtures/event-log/store-doubles.ts";

describe("beginning a log", () => {
  it("is done once", () => {
    const command = { masterKeyCheck: "a", now: NOON };
    const begun = { masterKeyCheck: "a", begunAt: NOON };
    expect(decideBeginLog(command, null)).toEqual([{ type: "LogBegun", data: begun }]);
    expect(decideBeginLog(command, "b")).toEqual([]);
  });

  it("gives the check of the instance that was first, whichever it was", async () => {
    const store = newStore();
    const begin = (masterKeyCheck: string) => beginLog(store, { masterKeyCheck, now: NOON }, newContext());
    const { done } = await outcomesOf(times(10, (index) => begin(`check ${index}`)));
    expect(new Set(done).size).toBe(1);
    expect(await begin("another")).toBe(done[0]);
  });
});
