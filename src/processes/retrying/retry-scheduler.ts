import { inject, injectable } from "tsyringe";
import type { Logger } from "pino";
import { EVENT_STORE } from "../../events/store/event-store.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { LOGGER } from "../../observability/logger.ts";
import { runRounds } from "../../observability/run-rounds.ts";
import { TroubleLog } from "../../observability/trouble-log.ts";
import { dueBefore, dueDeliveries } from "../../projections/due-deliveries.ts";
import type { DueDocument } from "../../projections/due-deliveries.ts";
import { PROJECTION_PROGRESS } from "../../projections/running/projection-progress.ts";
import type { ProjectionProgress } from "../../projections/running/projection-progress.ts";
import { DOCUMENT_STORE } from "../../projections/store/document-store.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { CLOCK, pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { Rest } from "../../runtime/rest.ts";
import { DeliveryWorker } from "../delivering/delivery-worker.ts";
import { DueHandover } from "./due-handover.ts";
import type { DueDelivery, HandoverSettings } from "./due-handover.ts";
import type { DueShares } from "./shard-ticks.ts";
import { TickTimes } from "./tick-times.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the scheduler's settings. */
export const SCHEDULER_SETTINGS = token<SchedulerSettings>("SchedulerSettings");

export interface SchedulerSettings extends HandoverSettings {
  /** How often it scans the to-do list, in ms. Ticks are counted from the Unix epoch, so that all instances agree. */
  readonly tickMs: number;
  /** Which due deliveries are this instance's. */
  readonly shares: DueShares;
}

/** The result of the last successful scan of the to-do list. */
export interface LastScan {
  /** When, by the monotonic clock, in ms. */
  readonly at: number;
  /** How long the oldest due delivery had been due, in ms; 0 if none was. */
  readonly oldestDueMs: number;
}

/** The shortest time between two scans, in ms, however often the queue runs low. */
const REFILL_SPACING_MS = 500;
/** A failed scan is repeated after at most this long, in ms, or a tick if that is less. */
const LONGEST_BACKOFF_MS = 5_000;
/**
 * A scan between two ticks stops after this many deliveries in a row, in multiples of `armed`, that are already taken
 * in or find no room. A client's long backlog is at the front of the list, and reading all of it each time costs too
 * much.
 */
const MAX_EMPTY_SCANS = 2;
/** How long a scan waits for the to-do list to catch up, in ms. */
const FRESHNESS_WAIT_MS = 2_000;

/**
 * The process manager of retries. Every tick it scans the to-do list for what falls due before the next scan. It arms
 * each delivery at its own due time, never early, and hands over at once what is overdue: retries, lapsed attempts, and
 * what a full queue refused or a dead process left. Each instance scans only its shares. A retry that falls due before
 * the next scan can find it is armed by the instance that recorded the failure. Timers may be lost at any time: due
 * times are in the log.
 */
@injectable()
export class RetryScheduler {
  readonly #store: EventStore;
  readonly #documents: DocumentStore;
  readonly #progress: ProjectionProgress;
  readonly #clock: Clock;
  readonly #settings: SchedulerSettings;
  readonly #ticks: TickTimes;
  readonly #handover: DueHandover;
  readonly #rest = new Rest();
  readonly #trouble: TroubleLog;
  #lastScan: LastScan | null = null;
  #running = false;

  constructor(
    @inject(EVENT_STORE) store: EventStore,
    @inject(DOCUMENT_STORE) documents: DocumentStore,
    @inject(PROJECTION_PROGRESS) progress: ProjectionProgress,
    @inject(DeliveryWorker) worker: DeliveryWorker,
    @inject(CLOCK) clock: Clock,
    @inject(LOGGER) logger: Logger,
    @inject(SCHEDULER_SETTINGS) settings: SchedulerSettings,
  ) {
    this.#store = store;
    this.#documents = documents;
    this.#progress = progress;
    this.#clock = clock;
    this.#settings = settings;
    this.#ticks = new TickTimes(clock, settings.tickMs);
    this.#handover = new DueHandover(worker, clock, settings, () => this.refill());
    this.#trouble = new TroubleLog(logger, clock, {
      level: "error",
      trouble: "the to-do list could not be read",
      over: "the to-do list can be read again",
    });
  }

  /**
   * Scans once the to-do list is built and then every tick until the signal aborts. A failed scan is logged and
   * repeated sooner.
   */
  async run(signal: AbortSignal): Promise<void> {
    let early = false;
    const scans = {
      begin: () => {
        early = false;
        return this.#progress.whenBuilt([dueDeliveries.name], signal);
      },
      round: () => this.tick(early ? MAX_EMPTY_SCANS * this.#settings.armed : Number.POSITIVE_INFINITY),
      rest: async () => {
        early = await this.#untilNextTick(signal);
      },
    };
    const maxBackoffMs = Math.min(this.#settings.tickMs, LONGEST_BACKOFF_MS);
    this.#running = true;
    await runRounds(scans, this.#clock, this.#trouble, signal, maxBackoffMs);
    this.#running = false;
    this.#handover.clear();
  }

  /**
   * Notes when a delivery is due whose attempt this instance recorded. Arms it if that is before the next scan has read
   * the list; otherwise the scan finds it.
   */
  recorded(due: DueDelivery): void {
    if (!this.#running) return;
    const scanMs = Math.min(FRESHNESS_WAIT_MS, this.#settings.tickMs);
    if (Date.parse(due.dueAt) < this.#latestScan + scanMs) this.#handover.recorded(due);
  }

  /** Requests a scan before the next tick: a queue runs low, and there may be more to do. */
  refill(): void {
    this.#rest.wake();
  }

  /** The last successful scan; null before the first. */
  get lastScan(): LastScan | null {
    return this.#lastScan;
  }

  /** How many retries have a timer for their due time. */
  get armed(): number {
    return this.#handover.armed;
  }

  /**
   * Scans the to-do list. Stops early after `maxEmptyScans` deliveries in a row that need nothing. Throws what the log
   * and the read models throw.
   */
  async tick(maxEmptyScans = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#progress.whenSeen([dueDeliveries.name], await this.#store.head(), FRESHNESS_WAIT_MS);
    const horizon = new Date(this.#latestScan).toISOString();
    let empty = 0;
    let isFirst = true;
    for await (const page of dueBefore(this.#documents, horizon)) {
      if (isFirst) this.#recordScan(page[0]);
      isFirst = false;
      for (const due of await this.#settings.shares.mine(page)) {
        const { _id: deliveryId, endpoint_id: endpointId, due_at: dueAt } = due;
        const arranged = this.#handover.listed({ deliveryId, endpointId, dueAt });
        if (arranged === "all_full") return;
        empty = arranged === "taken_in" ? 0 : empty + 1;
      }
      if (empty >= maxEmptyScans) return;
    }
  }

  /** The first delivery in the list is the oldest, so no query is needed for it. */
  #recordScan(oldest: DueDocument | undefined): void {
    const oldestDueMs = oldest === undefined ? 0 : Math.max(0, this.#clock.now() - Date.parse(oldest.due_at));
    this.#lastScan = { at: this.#clock.monotonic(), oldestDueMs };
  }

  /** The latest start of the next scan at a tick, in ms since the Unix epoch. */
  get #latestScan(): number {
    return this.#ticks.next + this.#ticks.lateness;
  }

  /** True if it ends before the next tick, because the worker's queue runs low. */
  async #untilNextTick(signal: AbortSignal): Promise<boolean> {
    const wait = this.#ticks.next + this.#settings.random() * this.#ticks.lateness - this.#clock.now();
    const spacing = Math.min(wait, REFILL_SPACING_MS);
    await pause(this.#clock, spacing, signal);
    const woken = await this.#rest.take(this.#clock, wait - spacing, signal);
    // A scan at the tick is always a full one.
    return woken && spacing < wait;
  }
}
