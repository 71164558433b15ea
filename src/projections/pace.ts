import { pause } from "../clock.ts";
import type { Clock } from "../clock.ts";

/**
 * The shortest time between two looks at a log that grows, in ms. After a quiet time the next event is folded at once;
 * under load many events are folded together, so that a document which changes three times is written once.
 */
const INTERVAL_MS = 25;

/** Keeps a follower of the log from waking up for every commit. */
export class Pace {
  readonly #clock: Clock;
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the interval since the last call has passed, at once when it has; or when the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    // Never longer than the interval, though the clock was set back.
    const wait = Math.min(this.#last + INTERVAL_MS - this.#clock.now(), INTERVAL_MS);
    if (wait > 0) await pause(this.#clock, wait, signal);
    this.#last = this.#clock.now();
  }
}
