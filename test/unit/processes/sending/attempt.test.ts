import type { Dispatcher } from "undici";
import { describe, expect, it } from "vitest";
import { Attempt } from "../../../../src/processes/sending/attempt.ts";
import type { SendResult } from "../../../../src/processes/sending/attempt-outcome.ts";
import { NO_STANDSTILLS } from "../../../../src/runtime/standstill.ts";
import { createManualClock } from "../../../fixtures/manual-clock.ts";
import type { ManualClock } from "../../../fixtures/manual-clock.ts";

const RESET = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const CONTROLLER = { abort: () => undefined } as unknown as Dispatcher.DispatchController;

/** An attempt over a client that does only what the test says. */
function begin({ secure = false, kept = true } = {}): {
  attempt: Attempt;
  clock: ManualClock;
  stop: AbortController;
  dispatched: () => number;
  ended: () => SendResult | null;
} {
  let dispatched = 0;
  let result: SendResult | null = null;
  const clock = createManualClock();
  const stop = new AbortController();
  const attempt = new Attempt({
    clock,
    timeoutMs: 5000,
    secure,
    standstills: NO_STANDSTILLS,
    signal: stop.signal,
    request: { method: "POST", path: "/", body: "{}" },
    client: {
      dispatch: () => (dispatched += 1),
      awaitAnswer: () => undefined,
      isConnected: () => kept,
      isUnansweredReuse: () => kept,
      retryAfter: () => null,
    },
    onResult: (ended) => (result = ended),
  });
  attempt.start();
  return { attempt, clock, stop, dispatched: () => dispatched, ended: () => result };
}

const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each([false, true])(
  "an attempt whose kept connection is reset before the request is written (TLS: %s)",
  (secure) => {
    it("begins again, as if it had not been there", async () => {
      const { attempt, dispatched, ended } = begin({ secure });
      attempt.onResponseError(null, RESET);
      await microtasks();
      expect([dispatched(), ended()]).toEqual([2, null]);
      attempt.onRequestStart(CONTROLLER);
      attempt.onFinalStatus(200);
      attempt.onResponseEnd();
      expect(ended()).toMatchObject({ outcome: "delivered", connections: 1 });
    });

    it("begins again once, and then fails", async () => {
      const { attempt, dispatched, ended } = begin({ secure });
      attempt.onResponseError(null, RESET);
      await microtasks();
      attempt.onResponseError(null, RESET);
      await microtasks();
      expect([dispatched(), ended()]).toMatchObject([2, { errorCode: "reset", connections: 1 }]);
    });

    it("was not sent when a stop comes between", async () => {
      const { attempt, stop, dispatched, ended } = begin({ secure });
      attempt.onResponseError(null, RESET);
      stop.abort();
      await microtasks();
      expect([dispatched(), ended()]).toMatchObject([1, { kind: "not_sent" }]);
    });

    it("may still be repeated when it was written after that", async () => {
      const { attempt, dispatched, ended } = begin({ secure });
      attempt.onResponseError(null, RESET);
      await microtasks();
      attempt.onRequestStart(CONTROLLER);
      attempt.onResponseError(null, RESET);
      await microtasks();
      expect([dispatched(), ended()]).toEqual([3, null]);
      attempt.onResponseError(null, Object.assign(new Error("no more files"), { code: "EMFILE" }));
      expect(ended()).toMatchObject({ kind: "answered", errorCode: "reset", connections: 2 });
    });
  },
);

describe("an attempt whose connection is reset while it is being made", () => {
  it.each([
    [false, "reset"],
    [true, "tls"],
  ])("fails (TLS: %s)", async (secure, errorCode) => {
    const { attempt, dispatched, ended } = begin({ secure, kept: false });
    attempt.onResponseError(null, RESET);
    await microtasks();
    expect([dispatched(), ended()]).toMatchObject([1, { errorCode, connections: 1 }]);
  });
});
