import { setTimeout as pause } from "node:timers/promises";

/** The first wait and the longest one, in ms, of who is to come back for ever. */
const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/** Waits that double, each cut short at random, so that many who lost the same server do not come back together. */
export class Backoff {
  readonly #longestMs: number;
  readonly #firstMs: number;
  #next: number;

  /** The longest and the first wait, in ms. */
  constructor(longestMs = LONGEST_MS, firstMs = FIRST_MS) {
    this.#longestMs = longestMs;
    this.#firstMs = firstMs;
    this.#next = firstMs;
  }

  /** The next wait is the first one again. */
  reset(): void {
    this.#next = this.#firstMs;
  }

  /** Waits, at the most until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const wait = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, this.#longestMs);
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}
