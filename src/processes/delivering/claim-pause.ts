import type { Clock } from "../../runtime/clock.ts";
import { DoublingWait } from "../../runtime/doubling-wait.ts";

/** The first and the longest pause after the log refused a claim, in ms. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Pauses claiming while the trouble is our own: the log takes no claims, or nothing can be sent. Pauses double while
 * the trouble lasts; the first attempt that works ends it.
 */
export class ClaimPause {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #waits = new DoublingWait(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  #pausing = false;

  /** `onEnd` is called at the end of each pause. */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** True while nothing is to be claimed. */
  get pausing(): boolean {
    return this.#pausing;
  }

  /** Begins a pause. A pause under way continues unchanged. */
  begin(): void {
    if (this.#pausing) return;
    this.#pausing = true;
    this.#clock.schedule(this.#waits.next(), () => {
      this.#pausing = false;
      this.#onEnd();
    });
  }

  /** Claims and attempts work: the next pause is short again. */
  reset(): void {
    this.#waits.reset();
  }
}
