import type { Clock } from "../../runtime/clock.ts";
import type { DeliveryWorker } from "../delivering/delivery-worker.ts";
import { ArmedRetries } from "./armed-retries.ts";
import type { DueTimeSource } from "./armed-retries.ts";

/**
 * A retry is sent up to this long after its due time, so that deliveries that failed together are spread out: in ms, and
 * as a share of the wait where all of it is known, since the delays of a schedule with short waits add up.
 */
const JITTER = { ms: 250, ofWait: 0.01 };

/** A delivery and when something is to be done for it. */
export interface DueDelivery {
  readonly deliveryId: string;
  readonly endpointId: number;
  /** ISO 8601 UTC */
  readonly dueAt: string;
}

/** `all_full`: neither this delivery nor one that is due later finds room. */
export type Arranged = "taken_in" | "nothing" | "all_full";

export interface HandoverSettings {
  /** How many deliveries may be armed at a time; bounds memory. */
  readonly armed: number;
  /** A random number from 0 to 1, exclusive. */
  random(): number;
}

/**
 * Hands due deliveries to the worker: at once what is overdue, and each other at its own due time, never early, as far
 * as there is room.
 */
export class DueHandover {
  readonly #worker: Pick<DeliveryWorker, "knows" | "take" | "full">;
  readonly #clock: Clock;
  readonly #settings: HandoverSettings;
  readonly #armed: ArmedRetries;
  readonly #onLow: () => void;
  #turnedAway = false;

  /** `onLow` is called when few are armed after one found no room. */
  constructor(
    worker: Pick<DeliveryWorker, "knows" | "take" | "full">,
    clock: Clock,
    settings: HandoverSettings,
    onLow: () => void,
  ) {
    this.#worker = worker;
    this.#clock = clock;
    this.#settings = settings;
    this.#armed = new ArmedRetries(clock, settings.armed);
    this.#onLow = onLow;
  }

  /** How many deliveries have a timer for their due time. */
  get armed(): number {
    return this.#armed.size;
  }

  /** Arranges for a delivery of the to-do list. A due time that this process recorded itself is newer, and stays. */
  listed(due: DueDelivery): Arranged {
    return this.#arrange(due, "listed");
  }

  /** Arranges for a delivery whose due time this process has just recorded. */
  recorded(due: DueDelivery): void {
    this.#armed.disarm(due.deliveryId);
    this.#arrange(due, "recorded");
  }

  /** Stops all timers. */
  clear(): void {
    this.#armed.clear();
  }

  /** Hands a delivery to the worker, now or at its due time, unless that is done already or there is no room. */
  #arrange(due: DueDelivery, source: DueTimeSource): Arranged {
    const { deliveryId, endpointId, dueAt } = due;
    if (this.#worker.knows(deliveryId) || this.#armed.hasRecorded(deliveryId, dueAt)) return "nothing";
    const wait = Date.parse(dueAt) - this.#clock.now();
    if (wait <= 0) {
      this.#armed.disarm(deliveryId);
      if (this.#worker.take(deliveryId, endpointId)) return "taken_in";
      // If only this endpoint or its user has no room, the others need not wait.
      return this.#worker.full ? "all_full" : "nothing";
    }
    if (this.#armed.has(deliveryId, dueAt)) return "nothing";
    this.#armed.disarm(deliveryId);
    if (this.#armed.full) {
      this.#turnedAway = true;
      return "all_full";
    }
    const jitter = source === "recorded" ? Math.min(JITTER.ms, wait * JITTER.ofWait) : JITTER.ms;
    this.#armed.arm(deliveryId, dueAt, source, wait + this.#settings.random() * jitter, () => {
      // Arranged again, because a timer may fire a little early and a clock may be set back.
      this.#arrange(due, source);
      this.#noticeLow();
    });
    return "taken_in";
  }

  #noticeLow(): void {
    if (!this.#turnedAway || !this.#armed.low) return;
    this.#turnedAway = false;
    this.#onLow();
  }
}
