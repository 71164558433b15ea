import { describe, expect, it } from "vitest";
import { positionOf } from "../../../../src/events/store/position.ts";
import { ProjectionProgress } from "../../../../src/projections/running/projection-progress.ts";
import type { ProjectionStatus } from "../../../../src/projections/running/projection-report.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

function status(name: string, position: number | null, state: ProjectionStatus["state"] = "live"): ProjectionStatus {
  const fault = state === "faulted" ? { stream: "delivery-1", revision: "0", reason: "unreadable" } : null;
  return { name, version: 1, position: position === null ? null : positionOf(position), state, fault };
}

/** What a promise has come to by now: its value, or "waiting". */
async function soFar(promise: Promise<boolean>, clock: FakeClock): Promise<boolean | "waiting"> {
  let value: boolean | "waiting" = "waiting";
  void promise.then((result) => (value = result));
  await clock.settle();
  return value;
}

function newProgress() {
  const clock = new FakeClock();
  return { clock, progress: new ProjectionProgress(clock) };
}

describe("the progress of projections", () => {
  it("is known at once for a position that was seen, and for an empty log", async () => {
    const { progress, clock } = newProgress();
    progress.report(status("users", 7));
    expect(await progress.whenSeen(["users"], positionOf(7), 1_000)).toBe(true);
    expect(await progress.whenSeen(["users"], positionOf(3), 1_000)).toBe(true);
    expect(await progress.whenSeen(["deliveries"], null, 1_000)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it("is waited for until every projection has seen the position", async () => {
    const { progress, clock } = newProgress();
    const seen = progress.whenSeen(["users", "endpoints"], positionOf(7), 1_000);
    progress.report(status("users", 9));
    progress.report(status("endpoints", 6));
    expect(await soFar(seen, clock)).toBe("waiting");
    progress.report(status("endpoints", 7));
    expect(await soFar(seen, clock)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it("is waited for no longer than asked", async () => {
    const { progress, clock } = newProgress();
    const seen = progress.whenSeen(["users"], positionOf(7), 1_000);
    await clock.advance(999);
    expect(await soFar(seen, clock)).toBe("waiting");
    await clock.advance(1);
    expect(await soFar(seen, clock)).toBe(false);
  });

  it("is not waited for when a projection stands still at an event that it cannot read", async () => {
    const { progress, clock } = newProgress();
    progress.report(status("users", 3, "faulted"));
    expect(await progress.whenSeen(["users"], positionOf(7), 1_000)).toBe(false);
    expect(await progress.whenSeen(["users"], positionOf(3), 1_000)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it("is not waited for any longer when a projection comes to stand still", async () => {
    const { progress, clock } = newProgress();
    const seen = progress.whenSeen(["users", "endpoints"], positionOf(7), 1_000);
    const other = progress.whenSeen(["endpoints"], positionOf(7), 1_000);
    progress.report(status("users", 3, "faulted"));
    expect(await soFar(seen, clock)).toBe(false);
    expect(await soFar(other, clock)).toBe("waiting");
  });

  it("says when none is being made any more: each is live, outdated or stopped", async () => {
    const { progress, clock } = newProgress();
    const { signal } = new AbortController();
    const made = progress.whenBuilt(["users", "endpoints"], signal).then(() => true);
    progress.report(status("users", 3, "catching_up"));
    progress.report(status("endpoints", 3, "faulted"));
    expect(await soFar(made, clock)).toBe("waiting");
    progress.report(status("users", 3, "outdated"));
    expect(await soFar(made, clock)).toBe(true);
    expect(
      await soFar(
        progress.whenBuilt(["users"], signal).then(() => true),
        clock,
      ),
    ).toBe(true);
  });

  it("ends the wait for those that are being made when the signal aborts", async () => {
    const { progress, clock } = newProgress();
    const abort = new AbortController();
    const made = progress.whenBuilt(["users"], abort.signal).then(() => true);
    abort.abort();
    expect(await soFar(made, clock)).toBe(true);
  });

  it("lists the last status of each projection by name", () => {
    const { progress } = newProgress();
    for (const name of ["users", "deliveries", "users"]) progress.report(status(name, name.length));
    expect(progress.statuses()).toEqual([status("deliveries", 10), status("users", 5)]);
  });
});
