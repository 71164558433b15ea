/** Those who take turns: first in, first out, each at most once. A set keeps the order of insertion, and forgets in O(1). */
export class Ring<T> {
  readonly #members = new Set<T>();

  get size(): number {
    return this.#members.size;
  }

  /** Puts a member at the end; one that is in it already keeps its place. */
  push(member: T): void {
    this.#members.add(member);
  }

  /** Takes the first out; null when there is none. */
  shift(): T | null {
    for (const first of this.#members) {
      this.#members.delete(first);
      return first;
    }
    return null;
  }
}
