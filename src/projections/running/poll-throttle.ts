import { pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";

/** The least time between two polls while the log grows without a pause, in ms. */
export const INTERVAL_MS = 80;
/** How many polls a follower saves up in quiet times, so that the few events of one request are folded at once. */
export const SAVED_POLLS = 8;
/** How long a follower rests for the work of a poll, as a multiple of that; so it never has more than a fifth of the time. */
const REST_RATIO = 4;
/** The most intervals that it rests for one poll, whatever the work. */
export const LONGEST_REST = 3;

/**
 * Keeps a follower of the log from waking up for every commit. Under load it then folds many events together, so a
 * document that changes three times is written once. A token bucket of polls, filled at a steady rate; a poll with much
 * work costs more than one, so that the busiest follower folds the most events together.
 */
export class PollThrottle {
  readonly #clock: Clock;
  #polls = SAVED_POLLS;
  #countedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAt = clock.monotonic();
  }

  /**
   * Resolves when a poll is available, at once after a quiet time; or when the signal aborts.
   *
   * @param workedMs how long the work took that the last poll brought
   */
  async next(signal: AbortSignal, workedMs = 0): Promise<void> {
    this.#count();
    const cost = Math.min(LONGEST_REST, (workedMs * REST_RATIO) / INTERVAL_MS);
    this.#polls -= Math.max(0, cost - 1);
    if (this.#polls < 1) await pause(this.#clock, Math.ceil((1 - this.#polls) * INTERVAL_MS), signal);
    this.#count();
    this.#polls = Math.max(0, this.#polls - 1);
  }

  #count(): void {
    const now = this.#clock.monotonic();
    const earned = (now - this.#countedAt) / INTERVAL_MS;
    this.#polls = Math.min(SAVED_POLLS, this.#polls + earned);
    this.#countedAt = now;
  }
}
