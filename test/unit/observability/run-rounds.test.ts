import { describe, expect, it } from "vitest";
import { runRounds } from "../../../src/observability/run-rounds.ts";
import { TroubleLog } from "../../../src/observability/trouble-log.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { keepingLogger } from "../../fixtures/log-lines.ts";

/** Runs rounds of which those numbered in `failing` fail, until `last` was made. Gives what was called, in order. */
async function called(failing: readonly number[], last: number) {
  const clock = new FakeClock();
  const { logger, lines } = keepingLogger();
  const trouble = new TroubleLog(logger, clock, { level: "error", trouble: "it fails", over: "it works" });
  const abort = new AbortController();
  const calls: string[] = [];
  let number = 0;
  const note = (call: string): Promise<void> => {
    calls.push(call);
    return Promise.resolve();
  };
  const rounds = {
    begin: () => note("begin"),
    round: async () => {
      number += 1;
      await note(`round ${number}`);
      if (number === last) abort.abort();
      if (failing.includes(number)) throw new Error(`round ${number} failed`);
    },
    rest: () => note("rest"),
  };
  const run = runRounds(rounds, clock, trouble, abort.signal, 1_000);
  await clock.advance(10_000);
  await run;
  return { calls, lines, timers: clock.timers };
}

describe("rounds", () => {
  it("begin once, and rest after each until the signal aborts", async () => {
    const { calls, lines } = await called([], 3);
    expect(calls).toEqual(["begin", "round 1", "rest", "round 2", "rest", "round 3", "rest"]);
    expect(lines).toEqual([]);
  });

  it("begin again after one that fails, which is logged with the wait, and leave no timer", async () => {
    const { calls, lines, timers } = await called([2], 3);
    expect(calls).toEqual(["begin", "round 1", "rest", "round 2", "begin", "round 3", "rest"]);
    expect(lines).toMatchObject([{ level: 50, restartInMs: 100, msg: "it fails" }]);
    expect(timers).toBe(0);
  });

  it("end without a word when the last one fails because of the signal", async () => {
    const { calls, lines } = await called([2], 2);
    expect(calls).toEqual(["begin", "round 1", "rest", "round 2"]);
    expect(lines).toEqual([]);
  });
});
