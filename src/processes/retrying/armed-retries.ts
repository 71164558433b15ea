import type { Clock } from "../../runtime/clock.ts";

/**
 * The retries that have a timer for their due time, a bounded number. The timers may be lost at any time: due times are
 * in the log.
 */
export class ArmedRetries {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #armed = new Map<string, { dueAt: string; cancel: () => void }>();

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** How many have a timer. */
  get size(): number {
    return this.#armed.size;
  }

  /** True when there is no room for another. */
  get full(): boolean {
    return this.#armed.size >= this.#limit;
  }

  /** Whether the delivery has a timer for exactly this due time. */
  has(deliveryId: string, dueAt: string): boolean {
    return this.#armed.get(deliveryId)?.dueAt === dueAt;
  }

  /** Calls `onDue` once after `waitMs`, when the delivery is no longer armed. Replaces its earlier timer. */
  arm(deliveryId: string, dueAt: string, waitMs: number, onDue: () => void): void {
    this.disarm(deliveryId);
    const cancel = this.#clock.schedule(waitMs, () => {
      this.#armed.delete(deliveryId);
      onDue();
    });
    this.#armed.set(deliveryId, { dueAt, cancel });
  }

  /** Cancels the timer of a delivery, if it has one. */
  disarm(deliveryId: string): void {
    this.#armed.get(deliveryId)?.cancel();
    this.#armed.delete(deliveryId);
  }

  /** Stops all timers. */
  clear(): void {
    for (const { cancel } of this.#armed.values()) cancel();
    this.#armed.clear();
  }
}
