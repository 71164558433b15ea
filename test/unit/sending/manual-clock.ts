import type { Clock } from "../../../src/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** How long each pending timer has still to go, in milliseconds, the next first. */
  pending(): number[];
  /** Moves on, calling back what falls due in order. */
  advance(milliseconds: number): void;
}

/** A clock that begins at `startMs` milliseconds since the Unix epoch. */
export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let now = startMs;
  const timers = new Set<{ dueAt: number; callback: () => void }>();
  return {
    now: () => now,
    schedule(milliseconds, callback) {
      const timer = { dueAt: now + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pending: () => [...timers].map(({ dueAt }) => dueAt - now).sort((a, b) => a - b),
    advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const next = [...timers].filter(({ dueAt }) => dueAt <= end).sort((a, b) => a.dueAt - b.dueAt)[0];
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.dueAt);
        next.callback();
      }
      now = end;
    },
  };
}
