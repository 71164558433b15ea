import { randomUUID } from "node:crypto";
import { container as root } from "tsyringe";
import type { DependencyContainer } from "tsyringe";
import type { Logger } from "pino";
import { retryPolicy } from "./commands/retry-policy.ts";
import type { FailingPolicy } from "./commands/warn-of-failing.ts";
import type { Config } from "./config.ts";
import { EVENT_STORE } from "./events/store/event-store.ts";
import { FailedKeys } from "./http/access/failed-keys.ts";
import type { HttpDependencies } from "./http/dependencies.ts";
import { HEALTH, Health } from "./observability/health.ts";
import { LOGGER } from "./observability/logger.ts";
import { METRICS, Metrics } from "./observability/metrics.ts";
import type { LiveFigures } from "./observability/metrics.ts";
import { DELIVERY_SETTINGS, DeliveryWorker } from "./processes/delivering/delivery-worker.ts";
import type { DeliverySettings } from "./processes/delivering/delivery-worker.ts";
import { EndpointLifecycle } from "./processes/endpoints/endpoint-lifecycle.ts";
import { FAILING_POLICY, FailingEndpoints } from "./processes/endpoints/failing-endpoints.ts";
import { RetryScheduler, SCHEDULER_SETTINGS } from "./processes/retrying/retry-scheduler.ts";
import type { SchedulerSettings } from "./processes/retrying/retry-scheduler.ts";
import { ALL_SHARES, ShardTicks } from "./processes/retrying/shard-ticks.ts";
import { SENDER, UndiciSender } from "./processes/sending/sender.ts";
import type { Sender } from "./processes/sending/sender.ts";
import { ENDPOINT_VAULT, EndpointVault } from "./processes/sending/signing/endpoint-vault.ts";
import { CaresResolver, lookUpLimitMs } from "./processes/sending/targets/name-resolver.ts";
import { TARGET_RULES, createTargetRules } from "./processes/sending/targets/target-rules.ts";
import type { TargetRules } from "./processes/sending/targets/target-rules.ts";
import { DIRECTORY, Directory } from "./projections/directory/directory.ts";
import { pendingOfUser } from "./projections/endpoint-statistics/endpoint-standings.ts";
import { PROJECTION_CONTROL } from "./projections/running/projection-host.ts";
import type { ProjectionControl } from "./projections/running/projection-host.ts";
import { PROJECTION_PROGRESS, ProjectionProgress } from "./projections/running/projection-progress.ts";
import { SeenHeads } from "./projections/running/seen-heads.ts";
import { DOCUMENT_STORE } from "./projections/store/document-store.ts";
import type { DocumentStore } from "./projections/store/document-store.ts";
import { CLOCK, systemClock } from "./runtime/clock.ts";
import type { Clock } from "./runtime/clock.ts";
import { SECRETS } from "./secrets/secrets.ts";
import type { Secrets } from "./secrets/secrets.ts";
import { MeasuredEventStore } from "./storage/measured-event-store.ts";
import type { Storage } from "./storage/storage.ts";
import { VERSION } from "./version.ts";

/** Attempts under way to one endpoint, and to all together. */
const ENDPOINT_CONCURRENCY = 5;
const TOTAL_CONCURRENCY = 256;
/** What waits in memory at the most; the rest waits in the read model. */
const QUEUE = { entries: 10_000, bytes: 64 * 1024 * 1024, entriesPerEndpoint: 5_000 };

/** What the caller brings itself, a test for instance. */
export interface Overrides {
  readonly health?: Health;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly sender?: Sender;
  readonly random?: () => number;
}

/**
 * Puts one gateway together: the only place that knows every adapter. A container of its own each time, so that several
 * gateways can live in one process; nothing is registered globally.
 */
export function compose(
  config: Config,
  storage: Storage,
  secrets: Secrets,
  logger: Logger,
  overrides: Overrides = {},
): DependencyContainer {
  const container = root.createChildContainer();
  const clock = overrides.clock ?? systemClock;
  const { documents, sharedLog } = storage;
  const health = overrides.health ?? new Health();
  const metrics = overrides.metrics ?? new Metrics();
  const heads = new SeenHeads();
  const store = new MeasuredEventStore(storage.store, metrics, clock, heads);
  health.watch("appends", () => store.trouble);
  const progress = new ProjectionProgress(clock);
  const rules = createTargetRules(config.deliveryAllowCidrs);
  const timeoutMs = config.deliveryTimeoutMs;
  const sender =
    overrides.sender ??
    new UndiciSender({
      timeoutMs,
      connectionsPerEndpoint: ENDPOINT_CONCURRENCY,
      rules,
      version: VERSION,
      clock,
      resolver: new CaresResolver({ servers: config.dnsServers, limitMs: lookUpLimitMs(timeoutMs), clock }),
    });
  const delivery: DeliverySettings = {
    timeoutMs,
    policy: retryPolicy(config.retryUnitMs),
    concurrency: TOTAL_CONCURRENCY,
    concurrencyPerEndpoint: ENDPOINT_CONCURRENCY,
    queue: QUEUE,
  };
  const scheduler: SchedulerSettings = {
    tickMs: config.retryTickMs,
    shares: sharedLog ? new ShardTicks(store, clock, config.retryTickMs, randomUUID()) : ALL_SHARES,
    armed: QUEUE.entries,
    random: overrides.random ?? Math.random,
  };

  container.registerInstance(CLOCK, clock);
  container.registerInstance(LOGGER, logger);
  container.registerInstance(SECRETS, secrets);
  container.registerInstance(ENDPOINT_VAULT, new EndpointVault(secrets));
  container.registerInstance(EVENT_STORE, store);
  container.registerInstance(DOCUMENT_STORE, documents);
  container.registerInstance(PROJECTION_PROGRESS, progress);
  container.registerInstance(PROJECTION_CONTROL, storage.projections);
  container.registerInstance(DIRECTORY, new Directory(store, documents, clock));
  container.registerInstance(HEALTH, health);
  container.registerInstance(METRICS, metrics);
  container.registerInstance(TARGET_RULES, rules);
  container.registerInstance(SENDER, sender);
  container.registerInstance(DELIVERY_SETTINGS, delivery);
  container.registerInstance(SCHEDULER_SETTINGS, scheduler);
  container.registerInstance(FAILING_POLICY, {
    attempts: config.endpointFailingAttempts,
    warnAfterMs: config.endpointWarnAfterMs,
    disableAfterMs: config.endpointDisableAfterMs,
  } satisfies FailingPolicy);
  container.registerSingleton(DeliveryWorker);
  container.registerSingleton(RetryScheduler);
  container.registerSingleton(EndpointLifecycle);
  container.registerSingleton(FailingEndpoints);
  metrics.show(liveFigures(container, store, heads));
  return container;
}

/** What the HTTP API needs, out of the container. */
export function httpDependencies(container: DependencyContainer, config: Config): HttpDependencies {
  const delivery = container.resolve<DeliverySettings>(DELIVERY_SETTINGS);
  return {
    store: container.resolve(EVENT_STORE),
    documents: container.resolve(DOCUMENT_STORE),
    directory: container.resolve<Directory>(DIRECTORY),
    progress: container.resolve<ProjectionProgress>(PROJECTION_PROGRESS),
    projections: container.resolve<ProjectionControl>(PROJECTION_CONTROL),
    worker: container.resolve(DeliveryWorker),
    rules: container.resolve<TargetRules>(TARGET_RULES),
    secrets: container.resolve<Secrets>(SECRETS),
    vault: container.resolve<EndpointVault>(ENDPOINT_VAULT),
    health: container.resolve<Health>(HEALTH),
    metrics: container.resolve<Metrics>(METRICS),
    clock: container.resolve<Clock>(CLOCK),
    logger: container.resolve<Logger>(LOGGER),
    failedKeys: new FailedKeys(config.failedKeysPerMinute, container.resolve<Clock>(CLOCK)),
    pendingOfUser: (userId) => pendingOfUser(container.resolve<DocumentStore>(DOCUMENT_STORE), userId),
    settings: {
      maxPayloadBytes: config.maxPayloadBytes,
      retryScheduleSeconds: delivery.policy.waitsMs.map((milliseconds) => milliseconds / 1_000),
      concurrencyPerEndpoint: delivery.concurrencyPerEndpoint,
      sharedLog: config.eventStoreUrl !== null,
      trustedProxies: config.trustedProxies,
      dispatchesPerSecond: config.dispatchesPerSecond,
      maxPendingPerUser: config.maxPendingPerUser,
    },
  };
}

/** What `/metrics` reads at each scrape: all of it from memory, so that it answers whatever store is down. */
function liveFigures(container: DependencyContainer, store: MeasuredEventStore, heads: SeenHeads): LiveFigures {
  const clock = container.resolve<Clock>(CLOCK);
  const health = container.resolve<Health>(HEALTH);
  const worker = container.resolve(DeliveryWorker);
  const scheduler = container.resolve(RetryScheduler);
  const progress = container.resolve<ProjectionProgress>(PROJECTION_PROGRESS);
  const directory = container.resolve<Directory>(DIRECTORY);
  return {
    load: () => worker.load,
    appendsUnderWay: () => store.appendsUnderWay,
    lastScan: () => {
      const { lastScan } = scheduler;
      if (lastScan === null) return null;
      return { secondsAgo: (clock.now() - lastScan.at) / 1_000, oldestDueSeconds: lastScan.oldestDueMs / 1_000 };
    },
    armed: () => scheduler.armed,
    projections: () =>
      [...progress.statuses(), ...[directory.status].filter((status) => status !== null)].map(
        ({ name, state, position }) => ({
          name,
          live: state === "live",
          behindSeconds: heads.msBehind(position, clock.now()) / 1_000,
        }),
      ),
    ready: () => health.reasons.length === 0,
  };
}
