import { pause } from "./clock.ts";
import type { Clock } from "./clock.ts";

/**
 * The rest between two rounds of a loop, which can be ended early. A wake-up that comes outside a rest ends the next
 * one.
 */
export class Rest {
  #asked = false;
  #wake: () => void = () => undefined;

  /** Ends the rest, or the next one. */
  wake(): void {
    this.#asked = true;
    this.#wake();
  }

  /** Rests for `milliseconds`, until woken, or until the signal aborts; true if woken. Never rejects. */
  async take(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const wake = new AbortController();
    this.#wake = () => wake.abort();
    if (!this.#asked) await pause(clock, milliseconds, AbortSignal.any([signal, wake.signal]));
    const woken = this.#asked;
    this.#asked = false;
    return woken;
  }
}
