import { boundedMap } from "../../runtime/bounded-map.ts";
import type { BoundedMap } from "../../runtime/bounded-map.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How many keys are remembered at the most, about 8 MB; then the one whose window is the oldest is forgotten. */
const MAX_KEYS = 50_000;

interface Window {
  readonly startedAt: number;
  taken: number;
}

/**
 * So many a window for each key, and no more until the window is over; a key's window begins with the first one. It is
 * asked without a promise, by the program's clock, in bounded memory, and can take back. `@fastify/rate-limit` has none
 * of these: each of its answers is a promise, it goes by the machine's clock, and what it counted stays counted.
 */
export class RateLimit<Key extends string | number> {
  /** In the order in which they began, since `peek` changes no order: nobody keeps or loses a window by what others take. */
  readonly #windows: BoundedMap<Key, Window>;
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #clock: Clock;

  constructor(limit: number, windowMs: number, clock: Clock, maxKeys = MAX_KEYS) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#clock = clock;
    this.#windows = boundedMap(maxKeys);
  }

  /** Takes one. Gives 0, or how many ms it takes until there is one again; then nothing was taken. */
  take(key: Key): number {
    const now = this.#clock.now();
    const window = this.#windows.peek(key);
    const age = window === undefined ? this.#windowMs : now - window.startedAt;
    // A clock that was set back must not hold a window open.
    if (window === undefined || age >= this.#windowMs || age < 0) {
      this.#windows.set(key, { startedAt: now, taken: 1 });
      return 0;
    }
    if (window.taken >= this.#limit) return this.#windowMs - age;
    window.taken += 1;
    return 0;
  }

  /** Takes back what was taken last, if its window is not over. */
  giveBack(key: Key): void {
    const window = this.#windows.peek(key);
    if (window !== undefined && window.taken > 0) window.taken -= 1;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#windows.size;
  }
}
