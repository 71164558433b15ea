/**
 * Runs tasks one after the other, in the order in which they were given: for changes that read, wait and then write,
 * and must not see each other half done.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the task when all earlier ones have ended, and settles as it does. A task that fails keeps no other waiting. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all tasks that were given so far have ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
