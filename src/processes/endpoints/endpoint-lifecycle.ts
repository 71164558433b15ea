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

/** What a round reads. */
const MODELS = [deliveries.name, heldDeliveries.name];
/** How long a round waits until the read models have seen the log's end, in ms. */
const FRESHNESS_WAIT_MS = 2_000;

/**
 * The process manager of what waits when an endpoint turns. Each tick, and at once when an endpoint was enabled, disabled
 * or deleted, it ends what is pending of endpoints that are gone or deleted, and releases what was held of endpoints that
 * are enabled. Every decision is made on the delivery's own stream, so that a round that was cut off, or is made by
 * several instances, does no harm; with several, each does so for its shares only.
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
      trouble: "what waits for endpoints could not be looked after",
      over: "what waits for endpoints is looked after again",
    });
  }

  /**
   * Makes a round as soon as the read models are there and then each tick until the signal aborts. A round that fails is
   * logged and made again, sooner.
   */
  run(signal: AbortSignal): Promise<void> {
    this.#directory.onEndpointStateChange(() => this.#rest.wake());
    const rounds = {
      begin: () => this.#progress.whenBuilt(MODELS, signal),
      round: () => this.round(signal),
      rest: () => this.#rest.take(this.#clock, this.#tickMs, signal),
    };
    return runRounds(rounds, this.#clock, this.#trouble, signal, this.#tickMs);
  }

  /** One round, which the signal cuts short. Throws what the log and the read models throw. */
  async round(signal: AbortSignal): Promise<void> {
    const fresh = await this.#progress.whenSeen(MODELS, await this.#store.head(), FRESHNESS_WAIT_MS);
    for (const [endpoint, ended] of await this.#deliveries.endPending(fresh, signal)) {
      this.#logger.info({ endpoint, ended }, "deliveries to an endpoint that is gone or deleted were ended");
    }
    for (const [endpoint, released] of await this.#deliveries.releaseHeld(signal)) {
      this.#logger.info({ endpoint, released }, "deliveries to an endpoint that is enabled again were released");
      // They fall due from now on, long before the next tick.
      this.#scheduler.refill();
    }
  }
}
