import { boundedMap } from "../../runtime/bounded-map.ts";
import type { BoundedMap } from "../../runtime/bounded-map.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How old a figure may be before it is read again, in ms. */
const FRESH_MS = 1_000;
/** The most reads under way; other users are read at a later dispatch. */
const MAX_READS = 4;
/** The most users that are remembered. Beyond that, the one added first is forgotten. */
const MAX_USERS = 10_000;

interface Backlog {
  pending: number;
  /** By the monotonic clock, in ms. */
  readAt: number;
}

/**
 * Whether a user has reached the limit of pending deliveries. It answers at once from memory, and reads the figure
 * again in the background, at most once a second per user, so no dispatch waits for it. A user may therefore exceed the
 * limit by what it dispatches in about a second. A failed read leaves the figure unchanged.
 */
export class Backlogs {
  readonly #byUser: BoundedMap<number, Backlog>;
  readonly #limit: number;
  readonly #pendingOf: (userId: number) => Promise<number>;
  readonly #clock: Clock;
  #reads = 0;

  /** `pendingOf` returns how many deliveries of a user have not ended. */
  constructor(limit: number, pendingOf: (userId: number) => Promise<number>, clock: Clock, maxUsers = MAX_USERS) {
    this.#limit = limit;
    this.#pendingOf = pendingOf;
    this.#clock = clock;
    this.#byUser = boundedMap(maxUsers);
  }

  /** Never throws. False for a user whose figure is not known yet. */
  isFull(userId: number): boolean {
    const backlog = this.#byUser.peek(userId) ?? this.#remember(userId);
    const now = this.#clock.monotonic();
    if (now - backlog.readAt >= FRESH_MS && this.#reads < MAX_READS) {
      // Set before the answer, so that each user has one read under way and a failed one is retried a second later.
      backlog.readAt = now;
      void this.#read(userId, backlog);
    }
    return backlog.pending >= this.#limit;
  }

  async #read(userId: number, backlog: Backlog): Promise<void> {
    this.#reads += 1;
    try {
      backlog.pending = await this.#pendingOf(userId);
    } catch {
      // The read models are down: accept payloads on the last known figure.
    } finally {
      this.#reads -= 1;
    }
  }

  #remember(userId: number): Backlog {
    const backlog = { pending: 0, readAt: Number.NEGATIVE_INFINITY };
    this.#byUser.set(userId, backlog);
    return backlog;
  }
}
