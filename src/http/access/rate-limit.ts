import { boundedMap } from "../../runtime/bounded-map.ts";
import type { BoundedMap } from "../../runtime/bounded-map.ts";
import type { Clock } from "../../runtime/clock.ts";

/** The most keys that are remembered (about 8 MB). Beyond that, the key with the oldest window is forgotten. */
const MAX_KEYS = 50_000;

interface Window {
  /** By the monotonic clock, in ms. */
  readonly startedAt: number;
  taken: number;
}

/**
 * Allows a number of takes per key and window; a key's window begins with its first take. It is synchronous, uses the
 * program's clock and bounded memory, and can take back. `@fastify/rate-limit` has none of these: it answers with
 * promises, uses the machine's clock, and cannot uncount.
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

  /** Takes one. Returns 0, or, if nothing was taken, how many ms until one is available. */
  take(key: Key): number {
    const now = this.#clock.monotonic();
    const window = this.#windows.peek(key);
    const age = window === undefined ? this.#windowMs : now - window.startedAt;
    if (window === undefined || age >= this.#windowMs) {
      this.#windows.set(key, { startedAt: now, taken: 1 });
      return 0;
    }
    if (window.taken >= this.#limit) return this.#windowMs - age;
    window.taken += 1;
    return 0;
  }

  /** Gives back the last take, if its window is not over. */
  giveBack(key: Key): void {
    const window = this.#windows.peek(key);
    if (window !== undefined && window.taken > 0) window.taken -= 1;
  }

  get size(): number {
    return this.#windows.size;
  }
}
