import { describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../../../../../src/events/store/event-store-errors.ts";
import { AppendLimit } from "../../../../../../src/events/store/eventstoredb/appending/append-limit.ts";

const MIB = 1024 * 1024;

describe("the limit of appends under way", () => {
  it("lets 64 MiB be under way, and more when some of them have ended", async () => {
    const limit = new AppendLimit();
    const answer: PromiseWithResolvers<string> = Promise.withResolvers();
    const large = Array.from({ length: 64 }, () => limit.run(MIB, () => answer.promise));
    await expect(limit.run(1, async () => "refused")).rejects.toBeInstanceOf(StoreUnavailable);
    answer.resolve("taken");
    expect(new Set(await Promise.all(large))).toEqual(new Set(["taken"]));
    expect(await limit.run(MIB, async () => "taken")).toBe("taken");
  });

  it("frees the place of an append that fails", async () => {
    const limit = new AppendLimit();
    for (let round = 0; round < 3; round += 1) {
      await expect(limit.run(64 * MIB, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    }
    await limit.drained();
  });
});
