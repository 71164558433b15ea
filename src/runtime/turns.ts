/**
 * Runs tasks one at a time, in order: for changes that read, wait and then write, and must not see each other half
 * done.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs the task when all earlier ones have ended, and settles as it does. A failed task does not block later ones.
   */
  take<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all tasks so far have ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
