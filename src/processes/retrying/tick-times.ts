import type { Clock } from "../../runtime/clock.ts";

/** A look comes up to so late after its tick began, in ms and in parts of the tick, so that not always the same wins. */
const LATENESS = { ms: 2_000, ofTick: 0.1 };

/** When the scheduler's ticks are. They are counted from the Unix epoch, so that all instances agree. */
export class TickTimes {
  readonly #clock: Clock;
  readonly #tickMs: number;

  /** `tickMs`: how long a tick is. */
  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** When the next tick begins, in ms since the Unix epoch. */
  get next(): number {
    return (Math.floor(this.#clock.now() / this.#tickMs) + 1) * this.#tickMs;
  }

  /** How late a look may come after its tick began, in ms. */
  get lateness(): number {
    return Math.min(LATENESS.ms, this.#tickMs * LATENESS.ofTick);
  }
}
