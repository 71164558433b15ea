import type { FastifyBaseLogger } from "fastify";
import type { EventStore } from "../events/store/event-store.ts";
import type { Health } from "../observability/health.ts";
import type { ClientNetwork } from "../net/client-address.ts";
import type { Instance } from "../observability/instance.ts";
import type { LiveFigures } from "../observability/live-gauges.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { DeliveryWorker } from "../processes/delivering/delivery-worker.ts";
import type { EndpointVault } from "../processes/sending/signing/endpoint-vault.ts";
import type { TargetRules } from "../processes/sending/targets/target-rules.ts";
import type { Directory } from "../projections/directory/directory.ts";
import type { ProjectionControl } from "../projections/running/projection-host.ts";
import type { ProjectionProgress } from "../projections/running/projection-progress.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";
import type { Clock } from "../runtime/clock.ts";
import type { KeyedTurns } from "../runtime/keyed-turns.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { FailedKeys } from "./access/failed-keys.ts";

/** What the routes work with. */
export interface HttpDependencies {
  readonly store: EventStore;
  readonly documents: DocumentStore;
  readonly directory: Directory;
  readonly progress: ProjectionProgress;
  readonly projections: ProjectionControl;
  readonly worker: DeliveryWorker;
  readonly rules: TargetRules;
  readonly secrets: Secrets;
  readonly vault: EndpointVault;
  readonly failedKeys: FailedKeys;
  readonly clientNetwork: ClientNetwork;
  /** The changes of each endpoint that requests ask for, one at a time. */
  readonly endpointTurns: KeyedTurns;
  /** How many deliveries of a user have not ended; rejects as the document store does. */
  readonly pendingOfUser: (userId: number) => Promise<number>;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly figures: LiveFigures;
  readonly instance: Instance;
  readonly clock: Clock;
  readonly logger: FastifyBaseLogger;
  readonly settings: HttpSettings;
}

/** How much a user may dispatch. */
export interface DispatchLimits {
  /** For each user; 0: any number. */
  readonly dispatchesPerSecond: number;
  /** For each user; 0: any number. */
  readonly maxPendingPerUser: number;
}

export interface HttpSettings extends DispatchLimits {
  /** Of the payload value as the client wrote it. */
  readonly maxPayloadBytes: number;
  /** What an endpoint has whose owner chose nothing else: the waits between attempts, and attempts under way at a time. */
  readonly retryScheduleSeconds: readonly number[];
  readonly concurrencyPerEndpoint: number;
  /** How many endpoints each user may have; 0: any number. */
  readonly maxEndpointsPerUser: number;
  /** Whether other gateways may work on the same log. */
  readonly sharedLog: boolean;
  /** From how many failed attempts in a row an endpoint counts as failing. */
  readonly failingAttempts: number;
  /** How many deliveries may wait in memory, and how many attempts may be under way. */
  readonly queueLimit: number;
  readonly attemptsAtOnce: number;
}

/** How long a reply waits until its own client can read what it wrote, or a read until it has seen the log, in ms. */
export const READ_YOUR_WRITES_MS = 2_000;
