import type { Clock } from "./clock.ts";
import { pause } from "./clock.ts";
import { DoublingWait } from "./doubling-wait.ts";

/** The first wait before a failed loop restarts, in ms. */
const FIRST_BACKOFF_MS = 100;
/** The longest wait before a failed loop restarts, in ms: how long it may stand still after its trouble ended. */
const MAX_BACKOFF_MS = 5_000;
/** After a run longer than this, in ms, a failure counts as new and its waits start over. */
const LONG_RUN_MS = 60_000;

/**
 * Runs a loop until it returns or the signal aborts. When it throws, `onError` is called, and the loop restarts after a
 * wait that doubles from 100 ms to `maxBackoffMs` (default 5 s) and starts over after a run of more than a minute. So
 * no error ends it silently. Errors after the abort are ignored, because the loop's resources are being closed.
 */
export async function supervise(
  loop: () => Promise<void>,
  clock: Clock,
  onError: (error: unknown, restartInMs: number) => void,
  signal: AbortSignal,
  maxBackoffMs = MAX_BACKOFF_MS,
): Promise<void> {
  const backoff = new DoublingWait(Math.min(FIRST_BACKOFF_MS, maxBackoffMs), maxBackoffMs);
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    const startedAt = clock.monotonic();
    try {
      await loop();
      return;
    } catch (error) {
      if (isOver()) return;
      if (clock.monotonic() - startedAt > LONG_RUN_MS) backoff.reset();
      const restartInMs = backoff.next();
      onError(error, restartInMs);
      await pause(clock, restartInMs, signal);
    }
  }
}
