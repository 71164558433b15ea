import { describe, expect, it } from "vitest";
import { TroubleLog } from "../../../src/observability/trouble-log.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { keepingLogger } from "../../fixtures/log-lines.ts";

const LINES = { level: "error", trouble: "the log is down", over: "the log is back" } as const;

function newTroubleLog(quietMs?: number) {
  const clock = new FakeClock();
  const { logger, lines } = keepingLogger();
  const trouble = new TroubleLog(logger, clock, { ...LINES, ...(quietMs !== undefined && { quietMs }) });
  return { clock, lines, trouble };
}

describe("the lines about a trouble", () => {
  it("are one when it begins, one a second with a count while it lasts, and one when it is over", async () => {
    const { clock, lines, trouble } = newTroubleLog();
    for (let failure = 0; failure < 30; failure++) {
      trouble.failed({ reason: "no answer" });
      await clock.advance(100);
    }
    trouble.worked();
    await clock.advance(10_000);
    expect(lines).toEqual([
      { level: 50, reason: "no answer", msg: "the log is down" },
      { level: 50, reason: "no answer", count: 10, msg: "the log is down" },
      { level: 50, reason: "no answer", count: 10, msg: "the log is down" },
      { level: 30, count: 30, duration_ms: 3_000, msg: "the log is back" },
    ]);
    expect(clock.timers).toBe(0);
  });

  it("are none while everything works", async () => {
    const { clock, lines, trouble } = newTroubleLog();
    trouble.worked();
    await clock.advance(10_000);
    expect(lines).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it("stay few when failures and successes take turns", async () => {
    const { clock, lines, trouble } = newTroubleLog();
    for (let turn = 0; turn < 100; turn++) {
      trouble.failed({});
      trouble.worked();
      await clock.advance(50);
    }
    await clock.advance(10_000);
    expect(lines.map(({ level }) => level)).toEqual([50, 50, 50, 50, 50, 30]);
    expect(lines.at(-1)).toMatchObject({ count: 100, duration_ms: 4_950 });
  });

  it("do not say that it is over before all that had failed works again", async () => {
    const { clock, lines, trouble } = newTroubleLog();
    trouble.failed({}, "users");
    trouble.failed({}, "endpoints");
    trouble.worked("users");
    await clock.advance(10_000);
    expect(lines).toHaveLength(1);
    trouble.worked("endpoints");
    await clock.advance(1_000);
    expect(lines.at(-1)).toMatchObject({ level: 30, count: 2, duration_ms: 10_000 });
  });

  it("wait for the given quiet time", async () => {
    const { clock, lines, trouble } = newTroubleLog(5_000);
    trouble.failed({});
    trouble.worked();
    await clock.advance(3_000);
    trouble.failed({});
    trouble.worked();
    await clock.advance(4_999);
    expect(lines.map(({ level }) => level)).toEqual([50, 50]);
    await clock.advance(1);
    expect(lines.at(-1)).toMatchObject({ level: 30, count: 2, duration_ms: 3_000 });
  });

  it.each([-3_600_000, 3_600_000])(
    "go on, and begin with the next trouble, when the wall clock is set by %i ms",
    async (stepMs) => {
      const { clock, lines, trouble } = newTroubleLog();
      trouble.failed({});
      clock.jump(stepMs);
      await clock.advance(1_000);
      trouble.failed({});
      trouble.worked();
      await clock.advance(2_000);
      trouble.failed({});
      expect(lines.map(({ level }) => level)).toEqual([50, 50, 30, 50]);
      expect(lines[2]).toMatchObject({ count: 2, duration_ms: 1_000 });
    },
  );

  it("end when it is closed, and no timer is left", async () => {
    const { clock, lines, trouble } = newTroubleLog();
    trouble.failed({});
    trouble.worked();
    trouble.close();
    expect(clock.timers).toBe(0);
    await clock.advance(10_000);
    trouble.failed({});
    expect(lines).toHaveLength(1);
  });
});
