import { pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How often a follower of the log may look while the log grows without a pause: once in so many ms. */
export const INTERVAL_MS = 80;
/** How many looks it may save up in quiet times, so that the few events of one request are folded at once. */
export const SAVED_LOOKS = 8;

/**
 * Keeps a follower of the log from waking up for every commit: under load many events are folded together, so that a
 * document which changes three times is written once. A bucket of looks, filled at a steady rate.
 */
export class PollThrottle {
  readonly #clock: Clock;
  #looks = SAVED_LOOKS;
  #countedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAt = clock.now();
  }

  /** Resolves when there is a look to spend, which is at once after a quiet time; or when the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    this.#count();
    // Never longer than the interval, since a clock that was set back takes no look away.
    if (this.#looks < 1) await pause(this.#clock, Math.ceil((1 - this.#looks) * INTERVAL_MS), signal);
    this.#count();
    this.#looks = Math.max(0, this.#looks - 1);
  }

  #count(): void {
    const now = this.#clock.now();
    const earned = Math.max(0, now - this.#countedAt) / INTERVAL_MS;
    this.#looks = Math.min(SAVED_LOOKS, this.#looks + earned);
    this.#countedAt = now;
  }
}
