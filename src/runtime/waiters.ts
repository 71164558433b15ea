/**
 * Callers that wait for something in this thread. After waking up, they check for themselves whether it has happened.
 */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wakeAll`, or when the signal aborts. Never rejects. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
      if (signal?.aborted) wake();
    });
  }

  /** Wakes all current waiters. */
  wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }
}
