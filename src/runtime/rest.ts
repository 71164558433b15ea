import { pause } from "./clock.ts";
import type { Clock } from "./clock.ts";

/** The rest between two rounds of a loop, which somebody may end early. To be woken while it does not rest is kept for the next. */
export class Rest {
  #asked = false;
  #wake: () => void = () => undefined;

  /** Ends the rest, or else the next one. */
  wake(): void {
    this.#asked = true;
    this.#wake();
  }

  /** Rests for `milliseconds`, or until it is woken, or the signal aborts; true when it was woken. Never rejects. */
  async take(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const wake = new AbortController();
    this.#wake = () => wake.abort();
    if (!this.#asked) await pause(clock, milliseconds, AbortSignal.any([signal, wake.signal]));
    const woken = this.#asked;
    this.#asked = false;
    return woken;
  }
}
