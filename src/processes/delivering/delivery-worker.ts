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
import type { AttemptDependencies, Reference } from "./attempt-delivery.ts";
import { AttemptLines } from "./attempt-lines.ts";
import { ClaimPause } from "./claim-pause.ts";
import { acceptedDelivery, deliveryQueue, dueDelivery } from "./delivery-queue.ts";
import type { QueueSettings, WaitingDelivery } from "./delivery-queue.ts";
import type { FairQueue } from "./fair-queue.ts";
import { isPassing } from "./insisting.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the worker's settings. */
export const DELIVERY_SETTINGS = token<DeliverySettings>("DeliverySettings");

export interface DeliverySettings extends QueueSettings {
  /** How long an attempt may take, in ms. */
  readonly timeoutMs: number;
  readonly policy: RetryPolicy;
}

/** What the worker leaves to others. */
export interface WorkerListener {
  /** The queue runs low after it refused a delivery. */
  low(): void;
  /** An attempt failed, and the delivery is due again at `dueAt`, ISO 8601 UTC. */
  due(retry: { readonly deliveryId: string; readonly endpointId: number; readonly dueAt: string }): void;
}

/**
 * Makes the attempts of due deliveries: bounded in memory, fair between endpoints, and within the limits of
 * concurrency. It promises nothing: what it forgets is found again in `due-deliveries`.
 */
@injectable()
export class DeliveryWorker {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #concurrency: number;
  /** The dependencies of every attempt. */
  readonly #attempts: Omit<AttemptDependencies, "lapsed">;
  readonly #lines: AttemptLines;
  readonly #queue: FairQueue<WaitingDelivery>;
  readonly #pause: ClaimPause;
  readonly #underWay = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #state: "idle" | "running" | "stopped" = "idle";
  #listener: WorkerListener = { low: () => undefined, due: () => undefined };

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
    this.#directory = directory;
    this.#clock = clock;
    this.#concurrency = settings.concurrency;
    const { policy, timeoutMs } = settings;
    const endpointOf = (endpointId: number): Promise<EndpointDocument> => this.#endpointOf(endpointId);
    const isPaused = (endpoint: EndpointDocument): boolean => directory.pauseOf(endpoint) !== null;
    this.#attempts = { store, sender, clock, vault, policy, timeoutMs, endpointOf, isPaused };
    this.#lines = new AttemptLines(logger, metrics, clock, (id) => directory.knownEndpoint(id)?.user_id ?? null);
    this.#queue = deliveryQueue(settings, directory, () => this.#listener.low());
    this.#pause = new ClaimPause(clock, () => this.#pump());
  }

  /** Starts to take from the queue. */
  start(listener: WorkerListener): void {
    this.#listener = listener;
    this.#state = "running";
    this.#pump();
  }

  /** How many deliveries wait in memory, and how many attempts are under way. */
  get load(): { readonly waiting: number; readonly underWay: number } {
    return { waiting: this.#queue.size, underWay: this.#underWay.size };
  }

  /** True when it can take no delivery of any endpoint. */
  get full(): boolean {
    return this.#queue.full;
  }

  /** True while the delivery waits or is under way in this process. */
  knows(deliveryId: string): boolean {
    return this.#queue.knows(deliveryId);
  }

  /** Takes a delivery that was just accepted, to attempt it at once without reading anything. */
  accept(known: Loaded<Delivery> & { state: Delivery }): void {
    this.#offer(acceptedDelivery(known));
  }

  /** Takes a due delivery. False if there is no room: it has to be found again later. */
  take(deliveryId: string, endpointId: number): boolean {
    return this.#offer(dueDelivery(deliveryId, endpointId));
  }

  /**
   * Stops claiming and waits for the attempts under way. After `graceMs` they are interrupted, and recorded with an
   * unknown outcome.
   */
  async stop(graceMs: number): Promise<void> {
    this.#state = "stopped";
    const cancel = this.#clock.schedule(graceMs, () => this.#abort.abort());
    await Promise.all(this.#underWay);
    cancel();
    this.#lines.close();
  }

  #offer(delivery: WaitingDelivery): boolean {
    if (this.#state !== "running") return false;
    const taken = this.#queue.offer(delivery);
    if (taken) this.#pump();
    return taken;
  }

  #pump(): void {
    while (this.#state === "running" && !this.#pause.pausing && this.#underWay.size < this.#concurrency) {
      const delivery = this.#queue.take();
      if (delivery === null) break;
      const attempt = this.#run(delivery).finally(() => {
        this.#underWay.delete(attempt);
        this.#pump();
      });
      this.#underWay.add(attempt);
    }
  }

  /** Makes the attempt of a delivery that holds a slot, and releases the slot as soon as the receiver is free. */
  async #run(delivery: WaitingDelivery): Promise<void> {
    const { deliveryId, endpointId } = delivery;
    let holdsSlot = true;
    const releaseSlot = (): void => {
      if (holdsSlot) this.#queue.releaseSlot(endpointId);
      holdsSlot = false;
    };
    const next = await this.#attempt(delivery, () => {
      releaseSlot();
      this.#pump();
    });
    releaseSlot();
    this.#queue.forget(deliveryId);
    if (next.now) this.take(deliveryId, endpointId);
    else if (next.dueAt !== null) this.#listener.due({ deliveryId, endpointId, dueAt: next.dueAt });
  }

  /** Makes the attempt and logs its outcome. `now`: our own trouble prevented it, and the delivery is due all the same. */
  async #attempt(delivery: WaitingDelivery, sent: () => void): Promise<{ now: boolean; dueAt: string | null }> {
    const { deliveryId, known } = delivery;
    let dueAt: string | null = null;
    const lapsed = (event: DeliveryAttempted, reference: Reference): void => {
      dueAt = event.data.nextAttemptAt;
      this.#lines.lapsed(delivery, event, reference);
    };
    const deps = { ...this.#attempts, lapsed };
    let now: boolean;
    try {
      const attempted = await attemptDelivery(deps, deliveryId, known, sent, this.#abort.signal);
      now = attempted.kind === "not_sent";
      if (attempted.kind === "attempted") dueAt = attempted.event.data.nextAttemptAt;
      this.#lines.attempted(delivery, attempted);
      if (!now) this.#pause.reset();
    } catch (error) {
      now = isPassing(error);
      // An attempt cut off by a stop is expected: the process that takes it up next closes its claim.
      if (!this.#abort.signal.aborted) this.#lines.failed(delivery, error);
    }
    if (now) this.#pause.begin();
    return { now, dueAt };
  }

  async #endpointOf(endpointId: number): Promise<EndpointDocument> {
    const endpoint = this.#directory.knownEndpoint(endpointId) ?? (await this.#directory.endpoint(endpointId));
    if (endpoint === null) throw new Error(`endpoint ${endpointId} of a delivery is not in the directory`);
    return endpoint;
  }
}
