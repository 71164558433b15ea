/** Those who wait for something to happen in this thread. Who is woken looks for itself whether it has. */
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

  /** Wakes everyone who waits now. */
  wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }
}
