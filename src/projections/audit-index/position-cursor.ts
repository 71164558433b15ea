/** Which way positions are sought. */
export type Direction = "ascending" | "descending";

/**
 * Finds the positions of a set of events in one direction. Callers ask for places that never go back in it.
 */
export interface Cursor {
  /** The next position from `place` on (inclusive); null: there is none. Undefined: `load` has to come first. */
  next(place: number): number | null | undefined;
  /** Loads what `next` needs for this place: at most a few chunks for each term. */
  load(place: number): Promise<void>;
}

/** Whether `left` comes before `right` in the direction. */
export function isBefore(left: number, right: number, direction: Direction): boolean {
  return direction === "ascending" ? left < right : left > right;
}

/** What is in any of the sets. */
export class Union implements Cursor {
  readonly #members: readonly Cursor[];
  readonly #direction: Direction;
  /** What each member said last; it says the same again until that place is passed. */
  readonly #known: (number | null | undefined)[];

  constructor(members: readonly Cursor[], direction: Direction) {
    this.#members = members;
    this.#direction = direction;
    this.#known = members.map(() => undefined);
  }

  next(place: number): number | null | undefined {
    let nearest: number | null = null;
    for (const [index, member] of this.#members.entries()) {
      let next = this.#known[index];
      if (next === undefined || (next !== null && isBefore(next, place, this.#direction))) {
        next = this.#known[index] = member.next(place);
      }
      if (next === undefined) return undefined;
      if (next !== null && (nearest === null || isBefore(next, nearest, this.#direction))) nearest = next;
    }
    return nearest;
  }

  async load(place: number): Promise<void> {
    for (const member of this.#members) if (member.next(place) === undefined) await member.load(place);
  }
}

/** What is in all of the sets (at least one): each seeks what another has, so that what only one has is passed over. */
export class Intersection implements Cursor {
  readonly #members: readonly Cursor[];
  readonly #direction: Direction;
  /** Nothing before this place is in all of them. */
  #reached: number | null = null;
  /** The member that has to load. */
  #waiting = 0;

  constructor(members: readonly Cursor[], direction: Direction) {
    this.#members = members;
    this.#direction = direction;
  }

  next(place: number): number | null | undefined {
    let candidate = this.#placeFrom(place);
    const { length } = this.#members;
    for (let agreed = 0, index = this.#waiting; agreed < length; index = (index + 1) % length) {
      const next = this.#members[index]?.next(candidate);
      this.#waiting = index;
      this.#reached = candidate;
      if (next === undefined || next === null) return next;
      agreed = next === candidate ? agreed + 1 : 1;
      candidate = next;
    }
    this.#reached = candidate;
    return candidate;
  }

  async load(place: number): Promise<void> {
    await this.#members[this.#waiting]?.load(this.#placeFrom(place));
  }

  #placeFrom(place: number): number {
    return this.#reached !== null && isBefore(place, this.#reached, this.#direction) ? this.#reached : place;
  }
}
