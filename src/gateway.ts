import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { compose } from "./container.ts";
import type { Overrides } from "./container.ts";
import { DeliveryLoops } from "./gateway/delivery-loops.ts";
import { httpDependencies } from "./gateway/http-dependencies.ts";
import { ReadingLoops } from "./gateway/reading-loops.ts";
import { buildApp } from "./http/app.ts";
import { HEALTH } from "./observability/health.ts";
import type { Health } from "./observability/health.ts";
import { CLOCK, pause } from "./runtime/clock.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Secrets } from "./secrets/secrets.ts";
import type { Storage } from "./storage/storage.ts";

/** The default for how long requests and attempts under way may take to end at a shutdown, in ms. */
const SHUTDOWN_GRACE_MS = 20_000;
/** How often connections without a request are closed during a shutdown, in ms. */
const IDLE_SWEEP_MS = 100;

/** What readiness says from the announcement of a stop on. */
const STOPPING = ["gateway", "it is shutting down"] as const;

export interface GatewayOptions extends Overrides {
  /** False: accepts and shows deliveries, but makes no attempts. For benchmarks. Default true. */
  readonly deliver?: boolean;
  /** How long requests and attempts under way may take to end at a shutdown, in ms. For tests. Default 20 s. */
  readonly shutdownGraceMs?: number;
}

/** The parts of a gateway. */
interface GatewayParts {
  readonly app: FastifyInstance;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly health: Health;
  readonly reading: ReadingLoops;
  readonly delivering: DeliveryLoops;
}

/**
 * One gateway over an open storage: its loops and its HTTP API. Everything runs in the thread that starts it, except
 * the projections and the embedded log's writer, for which the storage has its own threads (docs/architecture.md).
 */
export class Gateway {
  /** The HTTP API; `listen` opens its socket. */
  readonly app: FastifyInstance;
  readonly #parts: GatewayParts;
  readonly #abort = new AbortController();
  readonly #shutdownGraceMs: number;

  private constructor(parts: GatewayParts, shutdownGraceMs: number) {
    this.app = parts.app;
    this.#parts = parts;
    this.#shutdownGraceMs = shutdownGraceMs;
  }

  /**
   * Starts the projections, the directory and the deliveries. Resolves when it can take requests, that is, when the
   * directory has seen the whole log. It is ready once it can also answer reads. From then on it owns the storage.
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
    const health = container.resolve(HEALTH);
    const reading = container.resolve(ReadingLoops);
    const delivering = container.resolve(DeliveryLoops);
    const parts = { app, storage, clock: container.resolve(CLOCK), health, reading, delivering };
    const gateway = new Gateway(parts, options.shutdownGraceMs ?? SHUTDOWN_GRACE_MS);
    await reading.start(gateway.#abort.signal);
    if (options.deliver ?? true) delivering.start(gateway.#abort.signal);
    return gateway;
  }

  /**
   * Has readiness say that the process ends, and resolves after `delayMs`. Until then all goes on as before, so that a
   * balancer has the time to notice and send its requests elsewhere.
   */
  async announceStop(delayMs: number): Promise<void> {
    this.#parts.health.degrade(...STOPPING);
    await pause(this.#parts.clock, delayMs);
  }

  /**
   * Refuses new requests, lets requests and attempts under way end (for at most 20 s), and closes everything. Accepted
   * deliveries stay in the log and continue at the next start.
   */
  async stop(): Promise<void> {
    const { health, reading, delivering, storage } = this.#parts;
    health.degrade(...STOPPING);
    await Promise.all([this.#closeApp(), delivering.stopAttempts(this.#shutdownGraceMs)]);
    this.#abort.abort();
    await Promise.all([reading.ended(), delivering.ended()]);
    await storage.close();
  }

  /**
   * Node closes idle connections only once, when it stops listening. A connection whose request is answered after that
   * would keep the server open for as long as the client likes, so they are closed repeatedly; a request that never
   * ends is cut off.
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
}
