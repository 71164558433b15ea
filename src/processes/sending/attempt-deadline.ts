import type { Clock } from "../../runtime/clock.ts";
import type { Standstills } from "../../runtime/standstill.ts";

/**
 * How long the rest of an answer may take after its status line, in ms. The status has already decided the outcome, and
 * the rest is kept only for display. Waiting for the deadline would let a receiver that never ends its answers hold its
 * connections.
 */
export const ANSWER_GRACE_MS = 1000;

export interface AttemptDeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly standstills: Standstills;
}

/** The time of an attempt, which runs from its construction. */
export class AttemptDeadline {
  readonly #options: AttemptDeadlineOptions;
  readonly #startedAt: number;
  #cancelTimer: () => void;

  /** `onOver` is called at the deadline, or after it when the process does not run then. */
  constructor(options: AttemptDeadlineOptions, onOver: () => void) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#cancelTimer = options.clock.schedule(options.timeoutMs, onOver);
  }

  /** In ms. */
  get elapsedMs(): number {
    return this.#options.clock.monotonic() - this.#startedAt;
  }

  /** Whether it passed while the process stood still: then nothing is known about how long the receiver took. */
  get passedUnseen(): boolean {
    const { standstills, timeoutMs } = this.#options;
    return this.elapsedMs >= timeoutMs && standstills.stoodAt(this.#startedAt + timeoutMs);
  }

  /** Whether the process stood still since the attempt began, so that any time limit in it may have passed unseen. */
  get wasHeld(): boolean {
    return this.#options.standstills.stoodSince(this.#startedAt);
  }

  /** From now on the rest of the answer has its own time, but not beyond the deadline. */
  shorten(onOver: () => void): void {
    this.cancel();
    const leftMs = this.passedUnseen ? ANSWER_GRACE_MS : this.#options.timeoutMs - this.elapsedMs;
    this.#cancelTimer = this.#options.clock.schedule(Math.min(ANSWER_GRACE_MS, leftMs), onOver);
  }

  /** Ends it: nothing is called any more. */
  cancel(): void {
    this.#cancelTimer();
  }
}
