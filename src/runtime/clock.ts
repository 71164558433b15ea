import { timeText } from "./time-text.ts";
import { token } from "./token.ts";

/** The token under which the container registers the clock. */
export const CLOCK = token<Clock>("Clock");

/** Time and timers, which tests can control. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number;
  /**
   * Milliseconds since an arbitrary moment, for measuring how long something took: nobody sets this clock, so the
   * difference of two readings is the time that passed (CLOCK_MONOTONIC, POSIX.1-2017, clock_gettime).
   */
  monotonic(): number;
  /** Calls back once after `milliseconds`; the returned function cancels it. */
  schedule(milliseconds: number, callback: () => void): () => void;
}

/** The machine's clock. Timers longer than 2^31 - 1 ms are shortened to that (Node would fire them at once). */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, milliseconds), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** The clock's time as commands and events have it: ISO 8601 UTC, in whole milliseconds. */
export function isoNow(clock: Pick<Clock, "now">): string {
  return timeText(clock.now());
}

/** Resolves after `milliseconds` of the clock, or when the signal aborts; never rejects. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.schedule(milliseconds, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
