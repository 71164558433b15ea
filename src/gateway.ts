import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { DependencyContainer } from "tsyringe";
import type { Config } from "./config.ts";
import { compose, httpDependencies } from "./container.ts";
import type { Overrides } from "./container.ts";
import { EVENT_STORE } from "./events/store/event-store.ts";
import type { EventStore } from "./events/store/event-store.ts";
import { buildApp } from "./http/app.ts";
import { HEALTH } from "./observability/health.ts";
import type { Health } from "./observability/health.ts";
import { TroubleLog } from "./observability/trouble-log.ts";
import { DeliveryWorker } from "./processes/delivering/delivery-worker.ts";
import { EndpointLifecycle } from "./processes/endpoints/endpoint-lifecycle.ts";
import { FailingEndpoints } from "./processes/endpoints/failing-endpoints.ts";
import { RetryScheduler } from "./processes/retrying/retry-scheduler.ts";
import { SENDER } from "./processes/sending/sender.ts";
import type { Sender } from "./processes/sending/sender.ts";
import { DIRECTORY } from "./projections/directory/directory.ts";
import type { Directory } from "./projections/directory/directory.ts";
import { ANSWERING } from "./projections/read-models.ts";
import type { ProjectionReports } from "./projections/running/projection-host.ts";
import { PROJECTION_PROGRESS } from "./projections/running/projection-progress.ts";
import type { ProjectionProgress } from "./projections/running/projection-progress.ts";
import { CLOCK } from "./runtime/clock.ts";
import type { Clock } from "./runtime/clock.ts";
import { supervise } from "./runtime/supervision.ts";
import type { Secrets } from "./secrets/secrets.ts";
import type { Storage } from "./storage/storage.ts";

/** How long requests and attempts under way may take to end at a shutdown, in ms, unless the options say otherwise. */
const SHUTDOWN_GRACE_MS = 20_000;
/** How often connections without a request are closed during a shutdown, in ms. */
const IDLE_SWEEP_MS = 100;
/** How long the start waits for the directory before it says what it waits for, in ms. */
const DIRECTORY_PATIENCE_MS = 5_000;
/** The name under which a failure of the whole projections thread is reported. */
const ALL_PROJECTIONS = "all";

export interface GatewayOptions extends Overrides {
  /** False: accepts and shows, but makes no attempts. For benchmarks. Default true. */
  readonly deliver?: boolean;
  /** How long requests and attempts under way may take to end at a shutdown, in ms. For tests. Default 20 s. */
  readonly shutdownGraceMs?: number;
}

/** One gateway over an open storage: its loops and its HTTP API. */
export class Gateway {
  readonly container: DependencyContainer;
  /** The HTTP API; `listen` opens its socket. */
  readonly app: FastifyInstance;
  readonly #storage: Storage;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #shutdownGraceMs: number;

  private constructor(
    container: DependencyContainer,
    app: FastifyInstance,
    storage: Storage,
    logger: Logger,
    graceMs: number,
  ) {
    this.container = container;
    this.app = app;
    this.#storage = storage;
    this.#logger = logger;
    this.#shutdownGraceMs = graceMs;
  }

  /**
   * Starts the projections, the directory and the deliveries, and resolves when it can take requests, which is when the
   * directory has seen the whole log. It is ready when it can also answer reads. It owns the storage from then on.
   */
  static async start(
    config: Config,
    storage: Storage,
    secrets: Secrets,
    logger: Logger,
    options: GatewayOptions = {},
  ): Promise<Gateway> {
    const container = compose(config, storage, secrets, logger, options);
    const app = await buildApp(httpDependencies(container, config));
    const gateway = new Gateway(container, app, storage, logger, options.shutdownGraceMs ?? SHUTDOWN_GRACE_MS);
    await gateway.#run(options.deliver ?? true);
    return gateway;
  }

  /**
   * Refuses new requests, lets requests and attempts under way end (for at most 20 s), and closes everything. What was
   * accepted stays in the log and goes on at the next start.
   */
  async stop(): Promise<void> {
    this.container.resolve<Health>(HEALTH).degrade("gateway", "it is shutting down");
    const worker = this.container.resolve(DeliveryWorker);
    await Promise.all([this.#closeApp(), worker.stop(this.#shutdownGraceMs)]);
    this.#abort.abort();
    await Promise.all(this.#loops);
    await this.container.resolve<Sender>(SENDER).close();
    await this.#storage.close();
  }

  /**
   * Node closes idle connections once, when it stops to listen. One whose request is answered after that would keep the
   * server open for as long as the client likes, so they are swept; a request that never comes to its end is cut off.
   */
  async #closeApp(): Promise<void> {
    const { server } = this.app;
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const cut = setTimeout(() => server.closeAllConnections(), this.#shutdownGraceMs);
    try {
      await this.app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(cut);
    }
  }

  async #run(deliver: boolean): Promise<void> {
    const { signal } = this.#abort;
    const health = this.container.resolve<Health>(HEALTH);
    const clock = this.container.resolve<Clock>(CLOCK);
    const directory = this.container.resolve<Directory>(DIRECTORY);
    for (const name of ANSWERING) health.degrade(`projection ${name}`, "catching up");
    const reports = this.#projectionReports(health);
    const runProjections = (): Promise<void> => this.#storage.runProjections(reports, signal);
    const startProjections = (): void => {
      const onError = (error: unknown, wait: number): void => reports.failure(ALL_PROJECTIONS, String(error), wait);
      this.#loops.push(supervise(runProjections, clock, onError, signal));
    };
    // A server looks at every event of its database for each reading: there payloads are accepted first, then shown.
    if (!this.#storage.sharedLog) startProjections();
    const directoryTrouble = this.#troubleLog(
      "the directory cannot follow the log",
      "the directory follows the log again",
    );
    const onDirectoryError = (err: unknown, restartInMs: number): void => {
      health.degrade("directory", "it cannot follow the log");
      directoryTrouble.failed({ err, restartInMs });
    };
    const onDirectoryLive = (): void => {
      health.restore("directory");
      directoryTrouble.worked();
    };
    const followLog = (): Promise<void> => directory.run(signal, onDirectoryLive);
    this.#loops.push(supervise(followLog, clock, onDirectoryError, signal));
    const head = await this.container.resolve<EventStore>(EVENT_STORE).head();
    while (!(await directory.whenSeen(head, DIRECTORY_PATIENCE_MS))) {
      this.#logger.info("waiting until the directory has read the log");
    }
    if (this.#storage.sharedLog) startProjections();
    if (!deliver) return;
    const scheduler = this.container.resolve(RetryScheduler);
    this.container.resolve(DeliveryWorker).start(() => scheduler.refill());
    this.#loops.push(
      scheduler.run(signal),
      this.container.resolve(EndpointLifecycle).run(signal),
      this.container.resolve(FailingEndpoints).run(signal),
    );
  }

  #projectionReports(health: Health): ProjectionReports {
    const progress = this.container.resolve<ProjectionProgress>(PROJECTION_PROGRESS);
    const trouble = this.#troubleLog("a projection failed and is started again", "the projections go on");
    return {
      status: (status) => {
        progress.report(status);
        // An earlier version's model is shown until the new one is complete.
        const isShown = status.state === "live" || status.state === "outdated";
        if (isShown) health.restore(`projection ${status.name}`);
        if (status.state === "live") {
          trouble.worked(status.name);
          trouble.worked(ALL_PROJECTIONS);
        }
        if (status.fault === null) return;
        const { stream, revision, reason } = status.fault;
        health.degrade(`projection ${status.name}`, `it stopped at revision ${revision} of ${stream}`);
        this.#logger.error({ projection: status.name, stream, revision, reason }, "a projection stopped at an event");
      },
      reset: (projection) =>
        this.#logger.warn({ projection }, "rebuilding the projection: it was built from another log"),
      live: (projection, { version, generation }) =>
        this.#logger.debug({ projection, version, generation }, "this fill of the projection is shown"),
      rebuild: (projection, status) => progress.reportRebuild(projection, status),
      // Not a reason to be unready: with MongoDB down, or no room for the read models, payloads are taken and attempted.
      failure: (projection, reason, restartInMs) => trouble.failed({ projection, reason, restartInMs }, projection),
    };
  }

  #troubleLog(trouble: string, over: string): TroubleLog {
    const log = new TroubleLog(this.#logger, this.container.resolve<Clock>(CLOCK), { level: "error", trouble, over });
    this.#abort.signal.addEventListener("abort", () => log.close());
    return log;
  }
}
