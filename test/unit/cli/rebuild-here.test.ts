import { describe, expect, it } from "vitest";
import { rebuildHere } from "../../../src/cli/rebuild-here.ts";
import type { Storage } from "../../../src/storage/storage.ts";

/** A storage whose projections never come to an end; `closed` says whether it was closed. */
function endless(onRebuild: (name: string) => void): { storage: Storage; closed: () => boolean } {
  let isClosed = false;
  const storage = {
    store: { head: async () => null, append: async () => ({}), read: async () => ({ events: [], hasMore: false }) },
    projections: { rebuild: async (name: string) => onRebuild(name) },
    runProjections: (_report: unknown, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve());
      }),
    close: async () => void (isClosed = true),
  };
  return { storage: storage as unknown as Storage, closed: () => isClosed };
}

describe("a rebuild without a gateway", () => {
  it("ends with the signal's reason, says before whether it has begun, and closes the storage", async () => {
    const stop = new AbortController();
    const begun: string[] = [];
    const { storage, closed } = endless((name) => begun.push(name));
    const reason = new Error("stopped by SIGTERM; it goes on at the next start");
    const rebuilding = rebuildHere(storage, ["users", "endpoints"], () => stop.abort(reason), stop.signal);
    await expect(rebuilding).rejects.toBe(reason);
    expect(begun).toEqual(["users"]);
    expect(closed()).toBe(true);
  });

  it("begins none after the signal", async () => {
    const begun: string[] = [];
    const { storage, closed } = endless((name) => begun.push(name));
    const reason = new Error("stopped by SIGINT; nothing was begun");
    const hasBegun = (): void => void begun.push("told");
    await expect(rebuildHere(storage, ["users"], hasBegun, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(begun).toEqual([]);
    expect(closed()).toBe(true);
  });
});
