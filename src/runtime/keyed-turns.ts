import { Turns } from "./turns.ts";

/** So many tasks wait for one key already that this one was not taken. Nothing of it was done. */
export class TooManyWaiting extends Error {
  constructor(key: string, limit: number) {
    super(`${limit} tasks on ${key} are waiting already`);
    this.name = "TooManyWaiting";
  }
}

/** Turns for each key: tasks on the same key run one at a time, in order, and those on different keys do not wait for each other. */
export class KeyedTurns {
  readonly #byKey = new Map<string, { readonly turns: Turns; tasks: number }>();
  readonly #limit: number;

  /** @param limit how many tasks a key may have, the one that runs included */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Runs the task when all earlier ones on this key have ended, and settles as it does. A failed task does not block later ones.
   *
   * @throws TooManyWaiting when the key has as many tasks as it may
   */
  async take<T>(key: string, task: () => Promise<T>): Promise<T> {
    const entry = this.#byKey.get(key) ?? { turns: new Turns(), tasks: 0 };
    if (entry.tasks >= this.#limit) throw new TooManyWaiting(key, this.#limit);
    this.#byKey.set(key, entry);
    entry.tasks += 1;
    try {
      return await entry.turns.take(task);
    } finally {
      entry.tasks -= 1;
      if (entry.tasks === 0) this.#byKey.delete(key);
    }
  }

  /** How many keys have tasks. */
  get size(): number {
    return this.#byKey.size;
  }
}
