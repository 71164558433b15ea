import { boundedMap } from "../../runtime/bounded-map.ts";
import type { BoundedMap } from "../../runtime/bounded-map.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How old a figure may be before it is read again, in ms. */
const FRESH_MS = 1_000;
/** How many reads may be under way at a time; the other users are read at a later dispatch. */
const MAX_READS = 4;
/** How many users are remembered at the most; then the one that was looked up first is forgotten. */
const MAX_USERS = 10_000;

interface Backlog {
  pending: number;
  readAt: number;
}

/**
 * Whether a user has as many pending deliveries as one may have. It answers at once, with what is in memory; the figure is
 * read again in the background, at most once a second for each user, so that a dispatch never waits for it. It may thus be
 * passed by what a user dispatches in about a second. A read that fails leaves the figure as it was.
 */
export class Backlogs {
  readonly #byUser: BoundedMap<number, Backlog>;
  readonly #limit: number;
  readonly #pendingOf: (userId: number) => Promise<number>;
  readonly #clock: Clock;
  #reads = 0;

  /** `pendingOf` gives how many deliveries of a user have not ended. */
  constructor(limit: number, pendingOf: (userId: number) => Promise<number>, clock: Clock, maxUsers = MAX_USERS) {
    this.#limit = limit;
    this.#pendingOf = pendingOf;
    this.#clock = clock;
    this.#byUser = boundedMap(maxUsers);
  }

  /** Never throws. False for a user that nothing is known of yet. */
  isFull(userId: number): boolean {
    const backlog = this.#byUser.peek(userId) ?? this.#remember(userId);
    const now = this.#clock.now();
    const age = now - backlog.readAt;
    if ((age >= FRESH_MS || age < 0) && this.#reads < MAX_READS) {
      // Set before the answer comes, so that one read is under way for a user, and a fault is tried again in a second.
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
      // The read models are down: payloads are taken all the same, as far as is known.
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
