/** Tells a reader that the log may have grown. */
export interface LogWatch {
  /** Changes with every commit, after the commit can be read. Take it before reading, then no commit is missed. */
  version(): number;
  /** Resolves once the version is no longer `seen`, the signal aborts or the log closes. It may resolve too often. */
  changed(seen: number, signal: AbortSignal): Promise<void>;
  /** True when the log is closed to readers. */
  readonly closed: boolean;
}

/** Those who wait for something to happen in this thread. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wakeAll`, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      if (signal.aborted) wake();
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
