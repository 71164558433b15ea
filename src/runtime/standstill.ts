import type { Clock } from "./clock.ts";
import { token } from "./token.ts";

/** The token under which the container registers what knows when the process stood still. */
export const STANDSTILLS = token<Standstills>("Standstills");

/** The interval between checks, in ms. */
const CHECK_MS = 250;
/** A check that is later than this, in ms, was held up by more than a long turn of the event loop. */
export const STANDSTILL_MS = 1_000;
/** How long what piled up meanwhile takes at most, in ms. */
const CATCHING_UP_MS = 250;

/** Knows when the process did not run: SIGSTOP, a frozen container, a machine that gave it no time. */
export interface Standstills {
  /** Whether the process stood still at this moment of the monotonic clock, or had only just gone on. */
  stoodAt(moment: number): boolean;
  /** Whether the process stood still at any time since this moment of the monotonic clock. */
  stoodSince(moment: number): boolean;
}

/** For a process that is not watched. */
export const NO_STANDSTILLS: Standstills = { stoodAt: () => false, stoodSince: () => false };

/** Finds out by a timer that is late. It remembers the last standstill, since deadlines that passed in it fire right after. */
export class StandstillWatch implements Standstills {
  readonly #clock: Pick<Clock, "monotonic" | "schedule">;
  readonly #onEnd: (stoodMs: number) => void;
  #checkedAt: number;
  #last: { readonly from: number; readonly to: number } | null = null;
  #cancel: () => void;

  /**
   * Watches from now on, until `close`.
   *
   * @param onEnd called after each standstill with how long it was, in whole ms
   */
  constructor(clock: Pick<Clock, "monotonic" | "schedule">, onEnd: (stoodMs: number) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#checkedAt = clock.monotonic();
    this.#cancel = clock.schedule(CHECK_MS, this.#check);
  }

  stoodAt(moment: number): boolean {
    const { from, to } = this.#lookBack() ?? { from: Infinity, to: -Infinity };
    return moment >= from && moment <= to + CATCHING_UP_MS;
  }

  stoodSince(moment: number): boolean {
    return (this.#lookBack()?.to ?? -Infinity) >= moment;
  }

  /** Ends the watch. */
  close(): void {
    this.#cancel();
  }

  readonly #check = (): void => {
    this.#lookBack();
    this.#checkedAt = this.#clock.monotonic();
    this.#cancel = this.#clock.schedule(CHECK_MS, this.#check);
  };

  /** The last standstill. Another timer or a socket may ask before the late check. */
  #lookBack(): { readonly from: number; readonly to: number } | null {
    const [from, to] = [this.#checkedAt, this.#clock.monotonic()];
    if (to - from - CHECK_MS > STANDSTILL_MS) {
      this.#last = { from, to };
      this.#checkedAt = to;
      this.#onEnd(Math.round(to - from));
    }
    return this.#last;
  }
}
