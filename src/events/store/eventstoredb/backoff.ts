import { setTimeout as pause } from "node:timers/promises";
import { DoublingWait } from "../../../runtime/doubling-wait.ts";

/** The first and the longest wait between unlimited retries, in ms. */
const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/** Waits that double. Each is shortened at random, so that clients that lost the same server do not return together. */
export class Backoff {
  readonly #waits: DoublingWait;

  /** The longest and the first wait, in ms. */
  constructor(longestMs = LONGEST_MS, firstMs = FIRST_MS) {
    this.#waits = new DoublingWait(firstMs, longestMs);
  }

  /** Starts again with the first wait. */
  reset(): void {
    this.#waits.reset();
  }

  /** Waits, at most until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const wait = this.#waits.next() * (0.5 + Math.random() / 2);
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}
