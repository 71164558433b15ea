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
import { ArmedRetries } from "./armed-retries.ts";
import type { DueShares } from "./shard-ticks.ts";
import { TickTimes } from "./tick-times.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the scheduler's settings. */
export const SCHEDULER_SETTINGS = token<SchedulerSettings>("SchedulerSettings");

export interface SchedulerSettings {
  /** How often it looks what falls due, in ms. Ticks are counted from the Unix epoch, so that all instances agree. */
  readonly tickMs: number;
  /** Which part of what is due is this instance's. */
  readonly shares: DueShares;
  /** How many deliveries may be armed at a time; bounds memory. */
  readonly armed: number;
  /** A random number from 0 to 1, exclusive. */
  random(): number;
}

/** What the last look at the to-do list that succeeded saw. */
export interface LastScan {
  /** When, in ms since the Unix epoch. */
  readonly at: number;
  /** For how long, in ms, the oldest due delivery had been due then; 0 when none was. */
  readonly oldestDueMs: number;
}

/** How many due deliveries are read at a time. */
const PAGE = 500;
/** A retry is sent up to so many ms after its due time, so that what fell due together does not leave together. */
const JITTER_MS = 250;
/** The shortest time between two looks, in ms, however often the queue runs low. */
const REFILL_SPACING_MS = 500;
/** A look that failed is made again after this many ms at the most, or a tick, whichever is less. */
const LONGEST_BACKOFF_MS = 5_000;
/**
 * A look between two ticks gives up after so many in a row that were taken in before, or find no room, in times of what
 * may be armed: a client's long backlog is at the front of the list, and to read all of it each time costs too much.
 */
const MAX_EMPTY_SCANS = 2;
/** How long a look waits until the to-do list has seen the log's end, in ms. */
const FRESHNESS_WAIT_MS = 2_000;

/**
 * The process manager of retries. Every tick it takes from the to-do list what falls due before the next look, arms each
 * delivery at its own due time, never early, and hands over at once what is overdue: retries, lapsed attempts, and what
 * a full queue turned away or a dead process left. Timers in memory may be lost at any time: due times are in the log.
 * With several instances it does so for its shares only.
 */
@injectable()
export class RetryScheduler {
  readonly #store: EventStore;
  readonly #documents: DocumentStore;
  readonly #progress: ProjectionProgress;
  readonly #worker: DeliveryWorker;
  readonly #clock: Clock;
  readonly #settings: SchedulerSettings;
  readonly #ticks: TickTimes;
  readonly #armed: ArmedRetries;
  readonly #rest = new Rest();
  readonly #trouble: TroubleLog;
  #lastScan: LastScan | null = null;

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
    this.#worker = worker;
    this.#clock = clock;
    this.#settings = settings;
    this.#ticks = new TickTimes(clock, settings.tickMs);
    this.#armed = new ArmedRetries(clock, settings.armed);
    this.#trouble = new TroubleLog(logger, clock, {
      level: "error",
      trouble: "the to-do list could not be read",
      over: "the to-do list can be read again",
    });
  }

  /**
   * Looks as soon as there is a to-do list and then every tick until the signal aborts. A failed look is logged and made
   * again, sooner.
   */
  async run(signal: AbortSignal): Promise<void> {
    let early = false;
    const looks = {
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
    await runRounds(looks, this.#clock, this.#trouble, signal, maxBackoffMs);
    this.#armed.clear();
  }

  /** Looks before the next tick: the worker's queue runs low, and there may be more to do. */
  refill(): void {
    this.#rest.wake();
  }

  /** The last look that succeeded; null before the first. */
  get lastScan(): LastScan | null {
    return this.#lastScan;
  }

  /** How many retries have a timer for their due time. */
  get armed(): number {
    return this.#armed.size;
  }

  /**
   * One look at the to-do list, which ends early after `maxEmptyScans` in a row for which there was nothing to do.
   * Throws what the log and the read models throw.
   */
  async tick(maxEmptyScans = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#progress.whenSeen([dueDeliveries.name], await this.#store.head(), FRESHNESS_WAIT_MS);
    const horizon = new Date(this.#ticks.next + this.#ticks.lateness).toISOString();
    let last: DueDocument | null = null;
    let inVain = 0;
    do {
      const page: DueDocument[] = await dueBefore(this.#documents, horizon, PAGE, last);
      if (last === null) this.#noteLook(page[0]);
      for (const due of await this.#settings.shares.mine(page)) {
        const arranged = this.#arrange(due);
        if (arranged === "all_full") return;
        inVain = arranged === "taken_in" ? 0 : inVain + 1;
      }
      last = page.length < PAGE ? null : (page.at(-1) ?? null);
    } while (last !== null && inVain < maxEmptyScans);
  }

  /** The first of the list is the oldest, so that this needs no look of its own. */
  #noteLook(oldest: DueDocument | undefined): void {
    const at = this.#clock.now();
    const oldestDueMs = oldest === undefined ? 0 : Math.max(0, at - Date.parse(oldest.due_at));
    this.#lastScan = { at, oldestDueMs };
  }

  /** Hands a delivery to the worker, now or at its due time, unless that is done already or there is no room. */
  #arrange(due: DueDocument): "taken_in" | "nothing" | "all_full" {
    if (this.#worker.knows(due._id)) return "nothing";
    const wait = Date.parse(due.due_at) - this.#clock.now();
    if (wait <= 0) {
      this.#armed.disarm(due._id);
      if (this.#worker.take(due._id, due.endpoint_id)) return "taken_in";
      // No room for this endpoint or its user is no reason to keep the others waiting; no room at all is.
      return this.#worker.full ? "all_full" : "nothing";
    }
    if (this.#armed.has(due._id, due.due_at)) return "nothing";
    this.#armed.disarm(due._id);
    if (this.#armed.full) return "all_full";
    // Looked at again, since a timer may fire a little early and a clock may be set back.
    this.#armed.arm(due._id, due.due_at, wait + this.#settings.random() * JITTER_MS, () => this.#arrange(due));
    return "taken_in";
  }

  /** True when it ends before the next tick, since the worker's queue runs low. */
  async #untilNextTick(signal: AbortSignal): Promise<boolean> {
    const wait = this.#ticks.next + this.#settings.random() * this.#ticks.lateness - this.#clock.now();
    const spacing = Math.min(wait, REFILL_SPACING_MS);
    await pause(this.#clock, spacing, signal);
    const woken = await this.#rest.take(this.#clock, wait - spacing, signal);
    // A scan that comes with the tick is a whole one, whatever asked for it.
    return woken && spacing < wait;
  }
}
