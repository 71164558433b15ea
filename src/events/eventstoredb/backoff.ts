import { setTimeout as pause } from "node:timers/promises";

/** The first wait and the longest one, in ms. */
const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/** Waits that double, each cut short at random, so that many who lost the same server do not come back together. */
export class Backoff {
  #next = FIRST_MS;

  /** The next wait is the first one again. */
  reset(): void {
    this.#next = FIRST_MS;
  }

  /** Waits, at the most until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const wait = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, LONGEST_MS);
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}
