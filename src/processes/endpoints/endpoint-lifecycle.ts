import { inject, injectable } from "tsyringe";
import type { Logger } from "pino";
import { EVENT_STORE } from "../../events/store/event-store.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { LOGGER } from "../../observability/logger.ts";
import { runRounds } from "../../observability/run-rounds.ts";
import { TroubleLog } from "../../observability/trouble-log.ts";
import { deliveries } from "../../projections/deliveries.ts";
import { DIRECTORY } from "../../projections/directory/directory.ts";
import type { Directory } from "../../projections/directory/directory.ts";
import { heldDeliveries } from "../../projections/held-deliveries.ts";
import { PROJECTION_PROGRESS } from "../../projections/running/projection-progress.ts";
import type { ProjectionProgress } from "../../projections/running/projection-progress.ts";
import { DOCUMENT_STORE } from "../../projections/store/document-store.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { CLOCK } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { Rest } from "../../runtime/rest.ts";
import { DELIVERY_SETTINGS } from "../delivering/delivery-worker.ts";
import type { DeliverySettings } from "../delivering/delivery-worker.ts";
import { RetryScheduler, SCHEDULER_SETTINGS } from "../retrying/retry-scheduler.ts";
import type { SchedulerSettings } from "../retrying/retry-scheduler.ts";
import { EndpointDeliveries } from "./endpoint-deliveries.ts";

/** The read models of a scan. */
const MODELS = [deliveries.name, heldDeliveries.name];
/**
 * How long after a change of state it scans once more, in ms: a delivery that was being held just then, here or by an
 * instance that knew later, would else wait for the next tick.
 */
const SECOND_SCAN_MS = 2_000;
/** How soon it scans again when more is to be released, in ms. */
const NEXT_RELEASE_MS = 1_000;
/** How long a scan waits for the read models to catch up, in ms. */
const FRESHNESS_WAIT_MS = 2_000;

/**
 * The process manager of deliveries that wait when an endpoint changes its state. Each tick, and at once when an
 * endpoint is enabled, disabled or deleted, or a pause ends, it ends the pending deliveries of endpoints that are gone or
 * deleted, and releases the held deliveries of enabled ones that no pause covers. Each decision is made on the delivery's
 * own stream, so an interrupted scan, or one by several instances, does no harm. Each instance handles only its shares.
 */
@injectable()
export class EndpointLifecycle {
  readonly #store: EventStore;
  readonly #progress: ProjectionProgress;
  readonly #directory: Directory;
  readonly #scheduler: RetryScheduler;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tickMs: number;
  readonly #deliveries: EndpointDeliveries;
  /** How many deliveries of each endpoint were released so far, of those of which some are left. */
  readonly #releasing = new Map<number, number>();
  readonly #rest = new Rest();
  readonly #trouble: TroubleLog;

  constructor(
    @inject(EVENT_STORE) store: EventStore,
    @inject(DOCUMENT_STORE) documents: DocumentStore,
    @inject(PROJECTION_PROGRESS) progress: ProjectionProgress,
    @inject(DIRECTORY) directory: Directory,
    @inject(RetryScheduler) scheduler: RetryScheduler,
    @inject(CLOCK) clock: Clock,
    @inject(LOGGER) logger: Logger,
    @inject(SCHEDULER_SETTINGS) { tickMs, shares }: SchedulerSettings,
    @inject(DELIVERY_SETTINGS) { concurrencyPerEndpoint }: DeliverySettings,
  ) {
    this.#store = store;
    this.#progress = progress;
    this.#directory = directory;
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#logger = logger;
    this.#tickMs = tickMs;
    this.#deliveries = new EndpointDeliveries({ store, documents, directory, clock, shares, concurrencyPerEndpoint });
    this.#trouble = new TroubleLog(logger, clock, {
      level: "error",
      trouble: "endpoint deliveries could not be ended or released",
      over: "endpoint deliveries are ended and released again",
    });
  }

  /**
   * Scans once the read models are built and then each tick until the signal aborts. A failed scan is logged and
   * repeated sooner.
   */
  run(signal: AbortSignal): Promise<void> {
    this.#directory.onEndpointStateChange(() => this.#rest.wake());
    let woken = false;
    const scans = {
      begin: () => this.#progress.whenBuilt(MODELS, signal),
      round: () => this.scan(signal),
      rest: async () => {
        const soonest = this.#releasing.size > 0 ? NEXT_RELEASE_MS : woken ? SECOND_SCAN_MS : this.#tickMs;
        const ms = Math.min(soonest, this.#tickMs);
        woken = await this.#rest.take(this.#clock, ms, signal);
      },
    };
    return runRounds(scans, this.#clock, this.#trouble, signal, this.#tickMs);
  }

  /** One scan, which the signal cuts short. Throws what the log and the read models throw. */
  async scan(signal: AbortSignal): Promise<void> {
    const fresh = await this.#progress.whenSeen(MODELS, await this.#store.head(), FRESHNESS_WAIT_MS);
    for (const [endpoint, ended] of await this.#deliveries.endPending(fresh, signal)) {
      this.#logger.info({ endpoint, ended }, "deliveries to a gone or deleted endpoint ended");
    }
    const { counts, unfinished } = await this.#deliveries.releaseHeld(signal);
    // They fall due from now on, long before the next tick.
    if (counts.size > 0) this.#scheduler.refill();
    for (const endpoint of new Set([...counts.keys(), ...unfinished])) {
      this.#releasing.set(endpoint, (this.#releasing.get(endpoint) ?? 0) + (counts.get(endpoint) ?? 0));
    }
    for (const [endpoint, released] of this.#releasing) {
      if (unfinished.has(endpoint)) continue;
      this.#releasing.delete(endpoint);
      this.#logger.info({ endpoint, released }, "deliveries to an enabled endpoint released");
    }
  }
}
