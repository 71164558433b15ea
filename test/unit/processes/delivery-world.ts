import { createHash, randomUUID } from "node:crypto";
import pino from "pino";
import type { Logger } from "pino";
import { eventsToAppend } from "../../../src/commands/command-context.ts";
import { loadStream } from "../../../src/commands/command-handler.ts";
import { requestDelivery } from "../../../src/commands/request-delivery.ts";
import type { FailingPolicy } from "../../../src/commands/warn-of-failing.ts";
import { retryPolicy } from "../../../src/commands/retry-policy.ts";
import { deliveryStream, evolveDelivery } from "../../../src/events/delivery.ts";
import type { Delivery } from "../../../src/events/delivery.ts";
import { endpointStream } from "../../../src/events/endpoint.ts";
import type { EventStore, RecordedEvent } from "../../../src/events/event-store.ts";
import { Metrics } from "../../../src/metrics.ts";
import { DeliveryWorker } from "../../../src/processes/delivery-worker.ts";
import type { DeliverySettings } from "../../../src/processes/delivery-worker.ts";
import { EndpointLifecycle } from "../../../src/processes/endpoint-lifecycle.ts";
import { FailingEndpoints } from "../../../src/processes/failing-endpoints.ts";
import { RetryScheduler } from "../../../src/processes/retry-scheduler.ts";
import type { SchedulerSettings } from "../../../src/processes/retry-scheduler.ts";
import { EndpointVault } from "../../../src/processes/sending/endpoint-vault.ts";
import { ALL_SHARES } from "../../../src/processes/shard-ticks.ts";
import { PROJECTIONS } from "../../../src/projections/catalogue.ts";
import { Directory } from "../../../src/projections/directory.ts";
import { MemoryDocumentStore } from "../../../src/projections/memory/memory-document-store.ts";
import { ProjectionProgress } from "../../../src/projections/progress.ts";
import { ProjectionHost } from "../../../src/projections/projection-host.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { FakeSender } from "../../fixtures/fake-sender.ts";
import { HookedEventStore, newContext } from "../commands/store-doubles.ts";
import { registered } from "../../specification/endpoint-story.ts";

export const MINUTE = 60_000;

const QUEUE = { entries: 10_000, bytes: 64_000_000, entriesPerEndpoint: 5_000 };

/** All worlds have one master key. */
export const VAULT = new EndpointVault({ sealing: new Uint8Array(32).fill(1), legacyEndpointKeys: new Uint8Array(32) });

interface ProcessOptions {
  readonly queue?: Partial<DeliverySettings["queue"]>;
  readonly concurrency?: number;
  readonly scheduler?: Partial<SchedulerSettings>;
  /** False: the process never looks at the to-do list. */
  readonly schedule?: boolean;
  /** Default: one that says nothing. */
  readonly logger?: Logger;
  /** Default: nothing is ever said of an endpoint that fails. */
  readonly failing?: FailingPolicy;
}

/** What outlives a process: the log, the documents, the receivers; and the time. */
export class DeliveryWorld {
  readonly clock: FakeClock;
  readonly store: HookedEventStore;
  readonly documents = new MemoryDocumentStore();
  readonly sender: FakeSender;

  constructor(clock = new FakeClock()) {
    this.clock = clock;
    this.store = new HookedEventStore(clock);
    this.sender = new FakeSender(clock);
  }

  /** Registers endpoints with these numbers, each of the user with the same number. */
  async registerEndpoints(...endpointIds: readonly number[]): Promise<void> {
    for (const endpointId of endpointIds) {
      const url = `https://receiver-${endpointId}.example/hook`;
      const event = registered({ endpointId, userId: endpointId, url, registeredAt: this.clock.iso });
      const events = eventsToAppend([event], newContext());
      await this.store.append(endpointStream(endpointId), events, "no_stream");
    }
  }

  /** Starts a gateway's processes, whose directory and projections are up to date when this resolves. */
  async start(options: ProcessOptions = {}): Promise<DeliveryProcess> {
    const process = new DeliveryProcess(this, options);
    await this.clock.settle();
    return process;
  }

  async eventsOf(deliveryId: string): Promise<RecordedEvent[]> {
    return this.store.read(deliveryStream(deliveryId));
  }

  async delivery(deliveryId: string): Promise<Delivery | null> {
    return (await loadStream(this.store, deliveryStream(deliveryId), evolveDelivery)).state;
  }

  /** When requests for this delivery were sent, in ms since `since`. */
  sentTimes(deliveryId: string, since = 0): number[] {
    return this.sender.sent.filter((sent) => sent.deliveryId === deliveryId).map(({ at }) => at - since);
  }
}

/** One gateway's worker and process managers, with the projections and the directory that they need. */
export class DeliveryProcess {
  readonly worker: DeliveryWorker;
  readonly scheduler: RetryScheduler;
  readonly lifecycle: EndpointLifecycle;
  readonly metrics = new Metrics();
  readonly #world: DeliveryWorld;
  readonly #abort = new AbortController();
  #dead = false;

  constructor(world: DeliveryWorld, options: ProcessOptions) {
    this.#world = world;
    const { clock, documents, sender } = world;
    const { signal } = this.#abort;
    const store = this.#mortal(world.store);
    const progress = new ProjectionProgress(clock);
    const directory = new Directory(store, documents, clock);
    const logger = options.logger ?? pino({ level: "silent" });
    const queue = { ...QUEUE, ...options.queue };
    const settings: DeliverySettings = {
      ...{ timeoutMs: 15_000, policy: retryPolicy(MINUTE), queue },
      ...{ concurrency: options.concurrency ?? 256, concurrencyPerEndpoint: 5 },
    };
    const scheduling = { tickMs: MINUTE, shares: ALL_SHARES, armed: 10_000, random: () => 0, ...options.scheduler };
    this.worker = new DeliveryWorker(store, sender, directory, clock, logger, settings, this.metrics, VAULT);
    this.scheduler = new RetryScheduler(store, documents, progress, this.worker, clock, logger, scheduling);
    const ignore = (): void => undefined;
    const reports = {
      status: progress.report.bind(progress),
      failure: ignore,
      live: ignore,
      reset: ignore,
      rebuild: ignore,
    };
    void new ProjectionHost(PROJECTIONS, store, documents, clock, reports).run(signal);
    void directory.run(signal);
    this.worker.start(() => this.scheduler.refill());
    if (options.schedule !== false) void this.scheduler.run(signal);
    const { scheduler } = this;
    this.lifecycle = new EndpointLifecycle(
      ...([store, documents, progress, directory, scheduler, clock, logger, scheduling, settings] as const),
    );
    if (options.schedule !== false) void this.lifecycle.run(signal);
    if (options.failing) {
      const { failing } = options;
      const failingEndpoints = new FailingEndpoints(
        ...([store, documents, progress, directory, clock, logger, scheduling, failing] as const),
      );
      void failingEndpoints.run(signal);
    }
  }

  /** Accepts a delivery as the dispatch route does, and gives its id. */
  async dispatch(endpointId: number, payload = '{"order":1}'): Promise<string> {
    const { clock, store } = this.#world;
    const deliveryId = randomUUID();
    const payloadSha256 = createHash("sha256").update(payload).digest("hex");
    const size = { payload, payloadBytes: Buffer.byteLength(payload), payloadSha256 };
    const context = newContext();
    const accepted = await requestDelivery(
      store,
      { deliveryId, userId: endpointId, endpointId, ...size, now: clock.iso },
      context,
    );
    if (accepted.kind !== "accepted") throw new Error("the delivery was not accepted");
    this.worker.accept({
      state: evolveDelivery(null, accepted.event),
      revision: accepted.revision,
      last: { id: accepted.eventId, correlationId: context.correlationId },
    });
    return deliveryId;
  }

  /** Ends the loops, after the attempts under way. */
  async stop(graceMs = 20_000): Promise<void> {
    await this.worker.stop(graceMs);
    this.#abort.abort();
    await this.#world.clock.settle();
  }

  /** As a killed process: whatever it still wants of the log never comes back, and it does nothing more. */
  async crash(): Promise<void> {
    this.#dead = true;
    this.#abort.abort();
    await this.#world.clock.settle();
  }

  #mortal(store: EventStore): EventStore {
    const alive = <T>(answer: () => Promise<T>): Promise<T> =>
      this.#dead ? new Promise<T>(() => undefined) : answer();
    return {
      append: (...args) => alive(() => store.append(...args)),
      read: (...args) => alive(() => store.read(...args)),
      readAll: (options) => store.readAll(options),
      subscribe: (options) => store.subscribe(options),
      head: () => alive(() => store.head()),
      idAt: (position) => alive(() => store.idAt(position)),
      close: () => store.close(),
    };
  }
}
