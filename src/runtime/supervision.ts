import type { Clock } from "./clock.ts";
import { pause } from "./clock.ts";

/** The longest wait before a failed loop is started again, in ms: so long after its trouble ended it may stand still. */
const MAX_BACKOFF_MS = 5_000;

/**
 * Runs a loop until it returns or the signal aborts. When it throws, `onError` is called, and after a wait that doubles
 * from 100 ms to `maxBackoffMs` (5 s; and begins again after a run of over a minute) it is started again: no error ends it silently.
 * What it throws once the signal has aborted is ignored: what it worked with is being closed.
 */
export async function supervise(
  loop: () => Promise<void>,
  clock: Clock,
  onError: (error: unknown, restartInMs: number) => void,
  signal: AbortSignal,
  maxBackoffMs = MAX_BACKOFF_MS,
): Promise<void> {
  let backoff = 100;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    const startedAt = clock.now();
    try {
      await loop();
      return;
    } catch (error) {
      if (isOver()) return;
      if (clock.now() - startedAt > 60_000) backoff = 100;
      onError(error, backoff);
      await pause(clock, backoff, signal);
      backoff = Math.min(backoff * 2, maxBackoffMs);
    }
  }
}
