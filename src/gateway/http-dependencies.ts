import type { DependencyContainer } from "tsyringe";
import type { Config } from "../config.ts";
import { EVENT_STORE } from "../events/store/event-store.ts";
import { FailedKeys } from "../http/access/failed-keys.ts";
import type { HttpDependencies } from "../http/dependencies.ts";
import { clientNetworkBehind } from "../net/client-address.ts";
import { HEALTH } from "../observability/health.ts";
import { INSTANCE } from "../observability/instance.ts";
import { LIVE_FIGURES } from "../observability/live-gauges.ts";
import { LOGGER } from "../observability/logger.ts";
import { METRICS } from "../observability/metrics.ts";
import { DELIVERY_SETTINGS, DeliveryWorker } from "../processes/delivering/delivery-worker.ts";
import { ENDPOINT_VAULT } from "../processes/sending/signing/endpoint-vault.ts";
import { TARGET_RULES } from "../processes/sending/targets/target-rules.ts";
import { DIRECTORY } from "../projections/directory/directory.ts";
import { pendingOfUser } from "../projections/endpoint-statistics/endpoint-standings.ts";
import { PROJECTION_CONTROL } from "../projections/running/projection-host.ts";
import { PROJECTION_PROGRESS } from "../projections/running/projection-progress.ts";
import { DOCUMENT_STORE } from "../projections/store/document-store.ts";
import { CLOCK } from "../runtime/clock.ts";
import { KeyedTurns } from "../runtime/keyed-turns.ts";
import { SECRETS } from "../secrets/secrets.ts";

/** How many changes of one endpoint may wait for each other; a few seconds are enough for fewer. */
const MAX_CHANGES_WAITING = 1_000;

/**
 * The dependencies of the HTTP API, from the container. Routes get plain objects and never see the container (ADR 11).
 */
export function httpDependencies(container: DependencyContainer, config: Config): HttpDependencies {
  const clock = container.resolve(CLOCK);
  const documents = container.resolve(DOCUMENT_STORE);
  const delivery = container.resolve(DELIVERY_SETTINGS);
  const logger = container.resolve(LOGGER);
  const clientNetwork = clientNetworkBehind(config.trustedProxies, config.clientAddressHeader);
  return {
    store: container.resolve(EVENT_STORE),
    documents,
    directory: container.resolve(DIRECTORY),
    progress: container.resolve(PROJECTION_PROGRESS),
    projections: container.resolve(PROJECTION_CONTROL),
    worker: container.resolve(DeliveryWorker),
    rules: container.resolve(TARGET_RULES),
    secrets: container.resolve(SECRETS),
    vault: container.resolve(ENDPOINT_VAULT),
    health: container.resolve(HEALTH),
    metrics: container.resolve(METRICS),
    figures: container.resolve(LIVE_FIGURES),
    instance: container.resolve(INSTANCE),
    clock,
    logger,
    failedKeys: new FailedKeys(config.failedKeysPerMinute, clock, clientNetwork, logger),
    clientNetwork,
    endpointTurns: new KeyedTurns(MAX_CHANGES_WAITING),
    pendingOfUser: (userId) => pendingOfUser(documents, userId),
    settings: {
      maxPayloadBytes: config.maxPayloadBytes,
      retryScheduleSeconds: delivery.policy.waitsMs.map((milliseconds) => milliseconds / 1_000),
      concurrencyPerEndpoint: delivery.concurrencyPerEndpoint,
      sharedLog: config.eventStoreUrl !== null,
      dispatchesPerSecond: config.dispatchesPerSecond,
      maxPendingPerUser: config.maxPendingPerUser,
      maxEndpointsPerUser: config.maxEndpointsPerUser,
      failingAttempts: config.endpointFailingAttempts,
      queueLimit: delivery.queue.entries,
      attemptsAtOnce: delivery.concurrency,
    },
  };
}
