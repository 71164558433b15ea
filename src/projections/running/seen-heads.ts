import type { Position } from "../../events/store/position.ts";

/** The least time between two heads that are kept, in ms: so exact is an age. */
const SPACING_MS = 1_000;
/** When so many are kept they are thinned out. */
const KEPT = 600;
/** Then one is dropped where the gap that it leaves is no larger than this part of its age; fewer than 400 are left. */
const GAP_OF_AGE = 0.1;

interface SeenHead {
  readonly position: Position;
  /** In ms since the Unix epoch. */
  readonly at: number;
}

/**
 * When the log's head was seen where, in bounded memory. Positions are opaque, so that how far a reader is behind cannot
 * be counted in events; how long ago what it has not seen was in the log, can.
 */
export class SeenHeads {
  #kept: SeenHead[] = [];
  #newest: Position | null = null;
  #newestAt = 0;

  /** The log had its end there at `now` (ms since the Unix epoch). An earlier head than one seen before tells nothing. */
  note(position: Position, now: number): void {
    if (this.#newest !== null && position <= this.#newest) return;
    this.#newest = position;
    this.#newestAt = now;
    if (now - (this.#kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < SPACING_MS) return;
    if (this.#kept.length === KEPT) this.#thinOut(now);
    this.#kept.push({ position, at: now });
  }

  /**
   * For how long, in ms until `now`, the log has had something that somebody at `position` (null: at its beginning) has
   * not seen: 0 when he has seen everything that is known here.
   */
  msBehind(position: Position | null, now: number): number {
    const isAhead = (head: Position): boolean => position === null || head > position;
    if (this.#newest === null || !isAhead(this.#newest)) return 0;
    const first = this.#kept.find((head) => isAhead(head.position));
    return Math.max(0, now - (first?.at ?? this.#newestAt));
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
