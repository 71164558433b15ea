import type { LogWatch } from "../pages/log-watch.ts";
import { Waiters } from "../../../runtime/waiters.ts";

/**
 * A counter of commits, shared by all threads of the process. Pass it to a worker thread in its `workerData`: commits
 * then wake the readers there, without polling.
 */
export type LogSignal = SharedArrayBuffer;

/** A new counter, for one open log. */
export function newLogSignal(): LogSignal {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Counts a commit and wakes the readers of all threads. Call it once the commit is readable. */
export function announceCommit(signal: LogSignal): void {
  const counter = new Int32Array(signal);
  Atomics.add(counter, 0, 1);
  Atomics.notify(counter, 0);
}

/**
 * One thread's view of the counter. At most one wait on the shared memory is under way, whatever the number of
 * subscriptions. It wakes an idle event loop, and does not keep the thread alive.
 */
export class SignalWatch implements LogWatch {
  readonly #counter: Int32Array<SharedArrayBuffer>;
  readonly #waiters = new Waiters();
  #waiting = false;
  #closed = false;

  constructor(signal: LogSignal) {
    this.#counter = new Int32Array(signal);
  }

  version(): number {
    return Atomics.load(this.#counter, 0);
  }

  async changed(seen: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted || this.version() !== seen) return;
    const woken = this.#waiters.wait(signal);
    this.#listen();
    // A commit before the wait began has notified no waiter.
    if (this.version() !== seen) this.#waiters.wakeAll();
    await woken;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends all waiting; `changed` then resolves at once. */
  close(): void {
    this.#closed = true;
    this.#waiters.wakeAll();
  }

  #listen(): void {
    if (this.#waiting) return;
    const wait = Atomics.waitAsync(this.#counter, 0, this.version());
    if (!wait.async) {
      this.#waiters.wakeAll();
      return;
    }
    this.#waiting = true;
    void wait.value.then(() => {
      this.#waiting = false;
      this.#waiters.wakeAll();
    });
  }
}
