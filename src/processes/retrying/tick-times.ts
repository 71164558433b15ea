import type { Clock } from "../../runtime/clock.ts";

/**
 * A scan starts up to this late after its tick, in ms and as a share of the tick, so that the same instance does not
 * always win.
 */
const LATENESS = { ms: 2_000, ofTick: 0.1 };

/** The times of the scheduler's ticks, counted from the Unix epoch so that all instances agree. */
export class TickTimes {
  readonly #clock: Clock;
  readonly #tickMs: number;

  /** `tickMs`: the length of a tick. */
  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** When the next tick begins, in ms since the Unix epoch. */
  get next(): number {
    return (Math.floor(this.#clock.now() / this.#tickMs) + 1) * this.#tickMs;
  }

  /** How late a scan may start after its tick, in ms. */
  get lateness(): number {
    return Math.min(LATENESS.ms, this.#tickMs * LATENESS.ofTick);
  }
}
