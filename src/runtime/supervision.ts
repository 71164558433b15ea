import type { Clock } from "./clock.ts";
import { pause } from "./clock.ts";
import { DoublingWait } from "./doubling-wait.ts";

/** The first wait before a failed loop is started again, in ms. */
const FIRST_BACKOFF_MS = 100;
/** The longest wait before a failed loop is started again, in ms: so long after its trouble ended it may stand still. */
const MAX_BACKOFF_MS = 5_000;
/** After a run of more than so many ms, a failure is a new trouble and its waits begin with the first. */
const LONG_RUN_MS = 60_000;

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
  const backoff = new DoublingWait(Math.min(FIRST_BACKOFF_MS, maxBackoffMs), maxBackoffMs);
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    const startedAt = clock.now();
    try {
      await loop();
      return;
    } catch (error) {
      if (isOver()) return;
      if (clock.now() - startedAt > LONG_RUN_MS) backoff.reset();
      const restartInMs = backoff.next();
      onError(error, restartInMs);
      await pause(clock, restartInMs, signal);
    }
  }
}
