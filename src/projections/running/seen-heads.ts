import type { Position } from "../../events/store/position.ts";

/** The least time between two heads that are kept, in ms: the precision of an age. */
const SPACING_MS = 1_000;
/** The kept heads are thinned out when there are this many. */
const KEPT = 600;
/** Thinning drops a head if the gap it leaves is at most this share of its age; fewer than 400 are left. */
const GAP_OF_AGE = 0.1;

interface SeenHead {
  readonly position: Position;
  /** By the monotonic clock, in ms. */
  readonly at: number;
}

/**
 * When the log's head was first seen at which position, in bounded memory. Positions are opaque, so a reader's lag
 * cannot be counted in events. It is measured in time: how long the log has had an event that the reader has not seen.
 */
export class SeenHeads {
  #kept: SeenHead[] = [];
  #newest: Position | null = null;
  #newestAt = 0;

  /**
   * Records that the log ended at this position at `now` (the monotonic clock's time, in ms). Positions before an
   * earlier report are ignored.
   */
  note(position: Position, now: number): void {
    if (this.#newest !== null && position <= this.#newest) return;
    this.#newest = position;
    this.#newestAt = now;
    if (now - (this.#kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < SPACING_MS) return;
    if (this.#kept.length === KEPT) this.#thinOut(now);
    this.#kept.push({ position, at: now });
  }

  /**
   * How long, in ms until `now`, the log has had an event after `position` (null: the log's beginning); 0 if there is
   * none.
   */
  lagMs(position: Position | null, now: number): number {
    const isAhead = (head: Position): boolean => position === null || head > position;
    if (this.#newest === null || !isAhead(this.#newest)) return 0;
    const first = this.#kept.find((head) => isAhead(head.position));
    return now - (first?.at ?? this.#newestAt);
  }

  #thinOut(now: number): void {
    let older = this.#kept[0]?.at ?? now;
    this.#kept = this.#kept.filter(({ at }, index, all) => {
      const newer = all[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      if (index > 0 && newer - older <= (now - older) * GAP_OF_AGE) return false;
      older = at;
      return true;
    });
  }
}
