import { inject, injectable } from "tsyringe";
import type { Logger } from "pino";
import type { Loaded } from "../../commands/handling/command-handler.ts";
import type { RetryPolicy } from "../../commands/retry-policy.ts";
import type { Delivery, DeliveryAttempted } from "../../events/delivery.ts";
import { EVENT_STORE } from "../../events/store/event-store.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { LOGGER } from "../../observability/logger.ts";
import { METRICS } from "../../observability/metrics.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { DIRECTORY } from "../../projections/directory/directory.ts";
import type { Directory } from "../../projections/directory/directory.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import { CLOCK } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SENDER } from "../sending/sender.ts";
import type { Sender } from "../sending/sender.ts";
import { ENDPOINT_VAULT } from "../sending/signing/endpoint-vault.ts";
import type { EndpointVault } from "../sending/signing/endpoint-vault.ts";
import { attemptDelivery } from "./attempt-delivery.ts";
import { AttemptLines } from "./attempt-lines.ts";
import { FairQueue } from "./fair-queue.ts";
import type { EndpointShare, Queued, QueueLimits } from "./fair-queue.ts";
import { isPassing } from "./insisting.ts";

/** The token under which the container registers the worker's settings. */
export const DELIVERY_SETTINGS = Symbol("DeliverySettings");

export interface DeliverySettings {
  /** How long an attempt may take, in ms. */
  readonly timeoutMs: number;
  readonly policy: RetryPolicy;
  /** Attempts under way at a time, to all endpoints together. */
  readonly concurrency: number;
  /** Attempts under way at a time to an endpoint whose owner chose no number. */
  readonly concurrencyPerEndpoint: number;
  readonly queue: Omit<QueueLimits, "slots">;
}

interface Job extends Queued {
  /** What its acceptance left in memory; null: its stream is read when its turn comes. */
  readonly known: Loaded<Delivery> | null;
}

/** Ids of users count from 1. */
const NOBODY = 0;
/** What a job without a payload in memory takes up, roughly, in bytes. */
const BARE_JOB_BYTES = 200;
/** The first and the longest rest after the log could not take a claim, in ms. */
const REST_MS = { first: 250, longest: 10_000 };

/**
 * Makes the attempts of deliveries that are due: bounded in memory, fair between endpoints, never more at a time than
 * the caps. Nothing in here is a promise: what it forgets is found again in `due-deliveries`.
 */
@injectable()
export class DeliveryWorker {
  readonly #store: EventStore;
  readonly #sender: Sender;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #settings: DeliverySettings;
  readonly #lines: AttemptLines;
  readonly #vault: EndpointVault;
  readonly #queue: FairQueue<Job>;
  readonly #underWay = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #state: "idle" | "running" | "stopped" = "idle";
  #rest = { ms: REST_MS.first, resting: false };
  #onLow: () => void = () => undefined;

  constructor(
    @inject(EVENT_STORE) store: EventStore,
    @inject(SENDER) sender: Sender,
    @inject(DIRECTORY) directory: Directory,
    @inject(CLOCK) clock: Clock,
    @inject(LOGGER) logger: Logger,
    @inject(DELIVERY_SETTINGS) settings: DeliverySettings,
    @inject(METRICS) metrics: Metrics,
    @inject(ENDPOINT_VAULT) vault: EndpointVault,
  ) {
    this.#store = store;
    this.#sender = sender;
    this.#directory = directory;
    this.#clock = clock;
    this.#settings = settings;
    this.#lines = new AttemptLines(logger, metrics, clock);
    this.#vault = vault;
    this.#queue = new FairQueue(
      { ...settings.queue, slots: settings.concurrency },
      (endpointId) => this.#shareOf(endpointId),
      () => this.#onLow(),
    );
  }

  /** Begins to take from the queue. `onLow` is called when the queue runs low after something had to be turned away. */
  start(onLow: () => void): void {
    this.#onLow = onLow;
    this.#state = "running";
    this.#pump();
  }

  /** How many deliveries wait in memory, and how many attempts are under way. */
  get load(): { readonly waiting: number; readonly underWay: number } {
    return { waiting: this.#queue.size, underWay: this.#underWay.size };
  }

  /** True when it can take nothing more, whatever the endpoint. */
  get full(): boolean {
    return this.#queue.full;
  }

  /** True while the delivery waits or is under way in this process. */
  knows(deliveryId: string): boolean {
    return this.#queue.knows(deliveryId);
  }

  /** Takes a delivery that was accepted just now, to be attempted at once without reading anything. */
  accept(known: Loaded<Delivery> & { state: Delivery }): void {
    const { deliveryId, endpointId, payload } = known.state;
    this.#offer({ deliveryId, endpointId, bytes: BARE_JOB_BYTES + payload.length * 2, known });
  }

  /** Takes a delivery that is due; false when there is no room, so that it has to be found again later. */
  take(deliveryId: string, endpointId: number): boolean {
    return this.#offer({ deliveryId, endpointId, bytes: BARE_JOB_BYTES, known: null });
  }

  /**
   * Makes no more claims and waits for the attempts under way; those that are not done after `graceMs` are interrupted,
   * and recorded with an unknown outcome.
   */
  async stop(graceMs: number): Promise<void> {
    this.#state = "stopped";
    const cancel = this.#clock.schedule(graceMs, () => this.#abort.abort());
    await Promise.all(this.#underWay);
    cancel();
    this.#lines.close();
  }

  #offer(job: Job): boolean {
    if (this.#state !== "running") return false;
    const taken = this.#queue.offer(job);
    if (taken) this.#pump();
    return taken;
  }

  #pump(): void {
    while (this.#state === "running" && !this.#rest.resting && this.#underWay.size < this.#settings.concurrency) {
      const job = this.#queue.take();
      if (job === null) break;
      const attempt = this.#run(job).finally(() => {
        this.#underWay.delete(attempt);
        this.#pump();
      });
      this.#underWay.add(attempt);
    }
  }

  async #run(job: Job): Promise<void> {
    let holdsSlot = true;
    const releaseSlot = (): void => {
      if (holdsSlot) this.#queue.releaseSlot(job.endpointId);
      holdsSlot = false;
    };
    let again: boolean;
    try {
      const deps = {
        store: this.#store,
        sender: this.#sender,
        clock: this.#clock,
        policy: this.#settings.policy,
        timeoutMs: this.#settings.timeoutMs,
        vault: this.#vault,
        endpointOf: (endpointId: number) => this.#endpointOf(endpointId),
        lapsed: (event: DeliveryAttempted) => this.#lines.lapsed(job, event),
      };
      const attempted = await attemptDelivery(
        deps,
        job.deliveryId,
        job.known,
        () => {
          releaseSlot();
          this.#pump();
        },
        this.#abort.signal,
      );
      again = attempted.kind === "not_sent";
      this.#lines.attempted(job, attempted);
      if (again) this.#takeRest();
      else this.#rest.ms = REST_MS.first;
    } catch (error) {
      again = isPassing(error);
      // What a stop cuts off is no trouble: whoever takes it up next closes its claim.
      if (!this.#abort.signal.aborted) this.#lines.failed(job, error);
      if (again) this.#takeRest();
    }
    releaseSlot();
    this.#queue.forget(job.deliveryId);
    if (again) this.take(job.deliveryId, job.endpointId);
  }

  async #endpointOf(endpointId: number): Promise<EndpointDocument> {
    const endpoint = this.#directory.knownEndpoint(endpointId) ?? (await this.#directory.endpoint(endpointId));
    if (endpoint === null) throw new Error(`endpoint ${endpointId} of a delivery is not in the directory`);
    return endpoint;
  }

  /** Endpoints that the directory does not have yet share what belongs to nobody. */
  #shareOf(endpointId: number): EndpointShare {
    const endpoint = this.#directory.knownEndpoint(endpointId);
    const concurrency = endpoint?.max_concurrency ?? this.#settings.concurrencyPerEndpoint;
    return { userId: endpoint?.user_id ?? NOBODY, concurrency };
  }

  /** Our own trouble: nothing more is claimed for a while that grows while the trouble lasts. */
  #takeRest(): void {
    if (this.#rest.resting) return;
    this.#rest.resting = true;
    this.#clock.schedule(this.#rest.ms, () => {
      this.#rest = { ms: Math.min(this.#rest.ms * 2, REST_MS.longest), resting: false };
      this.#pump();
    });
  }
}
