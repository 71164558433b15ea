/**
 * Members that take turns: first in, first out, each at most once. A set keeps the order of insertion, and forgets in
 * O(1).
 */
export class Ring<T> {
  readonly #members = new Set<T>();

  get size(): number {
    return this.#members.size;
  }

  /** Adds a member at the end; a member already in it keeps its place. */
  push(member: T): void {
    this.#members.add(member);
  }

  /** Takes the first member out; null if there is none. */
  shift(): T | null {
    for (const first of this.#members) {
      this.#members.delete(first);
      return first;
    }
    return null;
  }
}
