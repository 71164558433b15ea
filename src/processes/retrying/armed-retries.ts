import type { Clock } from "../../runtime/clock.ts";

/** Where a due time comes from: this process recorded it, or the to-do list gave it, which may be behind the log. */
export type DueTimeSource = "recorded" | "listed";

interface ArmedRetry {
  readonly dueAt: string;
  readonly source: DueTimeSource;
  readonly cancel: () => void;
}

/**
 * The retries that have a timer for their due time, a bounded number. The timers may be lost at any time: due times are
 * in the log.
 */
export class ArmedRetries {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #armed = new Map<string, ArmedRetry>();

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

  /** True when most of the room is free. */
  get low(): boolean {
    return this.#armed.size < this.#limit / 4;
  }

  /** Whether the delivery has a timer for exactly this due time. */
  has(deliveryId: string, dueAt: string): boolean {
    return this.#armed.get(deliveryId)?.dueAt === dueAt;
  }

  /** Whether the delivery has a timer for another due time, which this process recorded. */
  hasRecorded(deliveryId: string, otherThan: string): boolean {
    const armed = this.#armed.get(deliveryId);
    return armed?.source === "recorded" && armed.dueAt !== otherThan;
  }

  /** Calls `onDue` once after `waitMs`, when the delivery is no longer armed. Replaces its earlier timer. */
  arm(deliveryId: string, dueAt: string, source: DueTimeSource, waitMs: number, onDue: () => void): void {
    this.disarm(deliveryId);
    const cancel = this.#clock.schedule(waitMs, () => {
      this.#armed.delete(deliveryId);
      onDue();
    });
    this.#armed.set(deliveryId, { dueAt, source, cancel });
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
