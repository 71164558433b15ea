import { setTimeout as pause } from "node:timers/promises";
import { DoublingWait } from "../../../runtime/doubling-wait.ts";

/** The first and the longest wait of what is tried again for as long as it takes, in ms. */
const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/** Waits that double, each cut short at random, so that many who lost the same server do not come back together. */
export class Backoff {
  readonly #waits: DoublingWait;

  /** The longest and the first wait, in ms. */
  constructor(longestMs = LONGEST_MS, firstMs = FIRST_MS) {
    this.#waits = new DoublingWait(firstMs, longestMs);
  }

  /** The next wait is the first one again. */
  reset(): void {
    this.#waits.reset();
  }

  /** Waits, at the most until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const wait = this.#waits.next() * (0.5 + Math.random() / 2);
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}
