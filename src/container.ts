import type { Logger } from "pino";
import { container as root, instanceCachingFactory } from "tsyringe";
import type { DependencyContainer, InjectionToken } from "tsyringe";
import { retryPolicy } from "./commands/retry-policy.ts";
import type { Config } from "./config.ts";
import { EVENT_STORE } from "./events/store/event-store.ts";
import { DeliveryLoops } from "./gateway/delivery-loops.ts";
import { liveFigures } from "./gateway/live-figures.ts";
import { ReadingLoops } from "./gateway/reading-loops.ts";
import { HEALTH, Health } from "./observability/health.ts";
import { INSTANCE, startedInstance } from "./observability/instance.ts";
import { LIVE_FIGURES } from "./observability/live-gauges.ts";
import { LOGGER } from "./observability/logger.ts";
import { METRICS, Metrics } from "./observability/metrics.ts";
import { DELIVERY_SETTINGS, DeliveryWorker } from "./processes/delivering/delivery-worker.ts";
import { EndpointLifecycle } from "./processes/endpoints/endpoint-lifecycle.ts";
import { FAILING_POLICY, FailingEndpoints } from "./processes/endpoints/failing-endpoints.ts";
import { RetryScheduler, SCHEDULER_SETTINGS } from "./processes/retrying/retry-scheduler.ts";
import { ALL_SHARES, ShardTicks } from "./processes/retrying/shard-ticks.ts";
import { SENDER, UndiciSender } from "./processes/sending/sender.ts";
import type { Sender } from "./processes/sending/sender.ts";
import { ENDPOINT_VAULT, EndpointVault } from "./processes/sending/signing/endpoint-vault.ts";
import { CaresResolver, lookUpLimitMs } from "./processes/sending/targets/name-resolver.ts";
import { TARGET_RULES, createTargetRules } from "./processes/sending/targets/target-rules.ts";
import { DIRECTORY, Directory } from "./projections/directory/directory.ts";
import { PROJECTION_CONTROL } from "./projections/running/projection-host.ts";
import { PROJECTION_PROGRESS, ProjectionProgress } from "./projections/running/projection-progress.ts";
import { SeenHeads } from "./projections/running/seen-heads.ts";
import { DOCUMENT_STORE } from "./projections/store/document-store.ts";
import { CLOCK, systemClock } from "./runtime/clock.ts";
import type { Clock } from "./runtime/clock.ts";
import { NO_STANDSTILLS, STANDSTILLS } from "./runtime/standstill.ts";
import type { Standstills } from "./runtime/standstill.ts";
import { SECRETS } from "./secrets/secrets.ts";
import type { Secrets } from "./secrets/secrets.ts";
import { LOG_ADAPTER, MeasuredEventStore } from "./storage/measured-event-store.ts";
import { STORAGE } from "./storage/storage.ts";
import type { Storage } from "./storage/storage.ts";
import { REVISION, VERSION } from "./version.ts";

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
  readonly standstills?: Standstills;
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
  container.registerInstance(STORAGE, storage);
  container.registerInstance(LOG_ADAPTER, storage.store);
  container.registerInstance(DOCUMENT_STORE, storage.documents);
  container.registerInstance(PROJECTION_CONTROL, storage.projections);
  container.registerInstance(SECRETS, secrets);
  container.registerInstance(LOGGER, logger);
  container.registerInstance(CLOCK, overrides.clock ?? systemClock);
  const build = { version: VERSION, revision: REVISION };
  container.registerInstance(INSTANCE, startedInstance(container.resolve(CLOCK), build));
  container.registerInstance(STANDSTILLS, overrides.standstills ?? NO_STANDSTILLS);
  container.registerInstance(HEALTH, overrides.health ?? new Health());
  container.registerInstance(METRICS, overrides.metrics ?? new Metrics());
  registerSettings(container, config, overrides.random ?? Math.random);
  if (overrides.sender) container.registerInstance(SENDER, overrides.sender);
  else registerSender(container, config);

  container.registerSingleton(SeenHeads);
  container.registerSingleton(MeasuredEventStore);
  container.register(EVENT_STORE, { useToken: MeasuredEventStore });
  once(container, PROJECTION_PROGRESS, (of) => new ProjectionProgress(of(CLOCK)));
  once(container, DIRECTORY, (of) => new Directory(of(EVENT_STORE), of(DOCUMENT_STORE), of(CLOCK)));
  once(container, ENDPOINT_VAULT, (of) => new EndpointVault(of(SECRETS)));
  container.registerSingleton(DeliveryWorker);
  container.registerSingleton(RetryScheduler);
  container.registerSingleton(EndpointLifecycle);
  container.registerSingleton(FailingEndpoints);
  container.registerSingleton(ReadingLoops);
  container.registerSingleton(DeliveryLoops);

  const store = container.resolve(MeasuredEventStore);
  container.resolve(HEALTH).watch("appends", () => store.trouble);
  container.registerInstance(LIVE_FIGURES, liveFigures(container));
  container.resolve(METRICS).show(container.resolve(LIVE_FIGURES));
  return container;
}

function registerSettings(container: DependencyContainer, config: Config, random: () => number): void {
  container.registerInstance(TARGET_RULES, createTargetRules(config.deliveryAllowCidrs));
  container.registerInstance(DELIVERY_SETTINGS, {
    timeoutMs: config.deliveryTimeoutMs,
    policy: config.defaultRetryWaitsMs ? { waitsMs: config.defaultRetryWaitsMs } : retryPolicy(config.retryUnitMs),
    concurrency: TOTAL_CONCURRENCY,
    concurrencyPerEndpoint: ENDPOINT_CONCURRENCY,
    queue: QUEUE,
  });
  container.registerInstance(FAILING_POLICY, {
    attempts: config.endpointFailingAttempts,
    warnAfterMs: config.endpointWarnAfterMs,
    disableAfterMs: config.endpointDisableAfterMs,
  });
  const tickMs = config.retryTickMs;
  once(container, SCHEDULER_SETTINGS, (of) => {
    const isShared = of(STORAGE).sharedLog;
    const shares = isShared ? new ShardTicks(of(EVENT_STORE), of(CLOCK), tickMs, of(INSTANCE).id) : ALL_SHARES;
    return { tickMs, shares, armed: QUEUE.entries, random };
  });
}

function registerSender(container: DependencyContainer, { deliveryTimeoutMs, dnsServers }: Config): void {
  once(container, SENDER, (of) => {
    const clock = of(CLOCK);
    const limitMs = lookUpLimitMs(deliveryTimeoutMs);
    return new UndiciSender({
      timeoutMs: deliveryTimeoutMs,
      connectionsPerEndpoint: ENDPOINT_CONCURRENCY,
      rules: of(TARGET_RULES),
      version: VERSION,
      clock,
      standstills: of(STANDSTILLS),
      resolver: new CaresResolver({ servers: dnsServers, limitMs, clock }),
    });
  });
}

/**
 * Has the container make one `T`, when it is first asked for, of what `make` asks it for: for classes of the folders that
 * know no container (see the import rule), and for settings that depend on other parts.
 */
function once<T>(
  container: DependencyContainer,
  key: InjectionToken<T>,
  make: (of: <D>(dependency: InjectionToken<D>) => D) => T,
): void {
  container.register(key, {
    useFactory: instanceCachingFactory((from) => make((dependency) => from.resolve(dependency))),
  });
}
