import { inject, injectable } from "tsyringe";
import type { Logger } from "pino";
import { handleEndpointCommand } from "../../commands/handling/endpoint-command.ts";
import { CommandRefused } from "../../commands/handling/refusals.ts";
import { decideWarnOfFailing } from "../../commands/warn-of-failing.ts";
import type { FailingPolicy } from "../../commands/warn-of-failing.ts";
import { EVENT_STORE } from "../../events/store/event-store.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { LOGGER } from "../../observability/logger.ts";
import { runRounds } from "../../observability/run-rounds.ts";
import { TroubleLog } from "../../observability/trouble-log.ts";
import { DIRECTORY } from "../../projections/directory/directory.ts";
import type { Directory } from "../../projections/directory/directory.ts";
import type { FailingEndpointDocument } from "../../projections/endpoint-statistics/endpoint-standing.ts";
import { failingEndpoints } from "../../projections/endpoint-statistics/endpoint-standings.ts";
import { endpointStatistics } from "../../projections/endpoint-statistics/endpoint-statistics.ts";
import { PROJECTION_PROGRESS } from "../../projections/running/projection-progress.ts";
import type { ProjectionProgress } from "../../projections/running/projection-progress.ts";
import { DOCUMENT_STORE } from "../../projections/store/document-store.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { CLOCK, pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import { timeText } from "../../runtime/time-text.ts";
import { SCHEDULER_SETTINGS } from "../retrying/retry-scheduler.ts";
import type { SchedulerSettings } from "../retrying/retry-scheduler.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers when failing is sustained. */
export const FAILING_POLICY = token<FailingPolicy>("FailingPolicy");

const ACTOR = "failing-endpoints";
/** How long a scan waits for the read model to catch up, in ms. */
const FRESHNESS_WAIT_MS = 2_000;

/**
 * The process manager of failing endpoints. Each tick it scans the endpoints whose attempts have all failed, by number
 * and by time. It warns of them (EndpointFailing) and disables those that continue to fail (EndpointDisabled,
 * `failing`), which holds their deliveries. It decides on the endpoint's own stream, so that several instances record
 * each event once; and only when the read model has caught up, so that a success or an enabling a moment ago counts. A
 * pause keeps an endpoint from proving that it works again: meanwhile nothing is decided, and the time counts anew after it.
 */
@injectable()
export class FailingEndpoints {
  readonly #store: EventStore;
  readonly #documents: DocumentStore;
  readonly #progress: ProjectionProgress;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tickMs: number;
  readonly #policy: FailingPolicy;
  readonly #trouble: TroubleLog;

  constructor(
    @inject(EVENT_STORE) store: EventStore,
    @inject(DOCUMENT_STORE) documents: DocumentStore,
    @inject(PROJECTION_PROGRESS) progress: ProjectionProgress,
    @inject(DIRECTORY) directory: Directory,
    @inject(CLOCK) clock: Clock,
    @inject(LOGGER) logger: Logger,
    @inject(SCHEDULER_SETTINGS) { tickMs }: SchedulerSettings,
    @inject(FAILING_POLICY) policy: FailingPolicy,
  ) {
    this.#store = store;
    this.#documents = documents;
    this.#progress = progress;
    this.#directory = directory;
    this.#clock = clock;
    this.#logger = logger;
    this.#tickMs = tickMs;
    this.#policy = policy;
    this.#trouble = new TroubleLog(logger, clock, {
      level: "error",
      trouble: "failing endpoints could not be scanned",
      over: "failing endpoints are scanned again",
    });
  }

  /**
   * Scans each tick, once the read model is built, until the signal aborts. A failed scan is logged and repeated
   * sooner.
   */
  run(signal: AbortSignal): Promise<void> {
    const scans = {
      begin: () => this.#progress.whenBuilt([endpointStatistics.name], signal),
      round: () => this.scan(signal),
      rest: () => pause(this.#clock, this.#tickMs, signal),
    };
    return runRounds(scans, this.#clock, this.#trouble, signal, this.#tickMs);
  }

  /** One scan, which the signal cuts short. Throws what the log and the read models throw. */
  async scan(signal: AbortSignal): Promise<void> {
    const head = await this.#store.head();
    const isFresh = await this.#progress.whenSeen([endpointStatistics.name], head, FRESHNESS_WAIT_MS);
    if (!isFresh || !(await this.#directory.whenSeen(head, FRESHNESS_WAIT_MS))) return;
    const now = this.#clock.now();
    const warnBefore = new Date(now - this.#policy.warnAfterMs + 1).toISOString();
    for await (const page of failingEndpoints(this.#documents, warnBefore)) {
      for (const standing of page) {
        if (signal.aborted) return;
        if (this.#isDue(standing, now)) await this.#warnOrDisable(standing, now);
      }
    }
  }

  /**
   * Whether memory shows anything to decide: most failing endpoints have been warned of and need not be disabled yet.
   */
  #isDue(standing: FailingEndpointDocument, now: number): boolean {
    const endpoint = this.#directory.knownEndpoint(standing.standing_of);
    if (endpoint?.status !== "enabled" || standing.failures < this.#policy.attempts) return false;
    if (this.#directory.pauseOf(endpoint) !== null) return false;
    const lastsMs = now - Date.parse(this.#countedFrom(standing));
    return endpoint.failing_warned_at === null || lastsMs >= this.#policy.disableAfterMs;
  }

  /** From when the endpoint's failing counts: its first failure, or the end of the last pause after that. */
  #countedFrom({ standing_of: endpoint_id, user_id, failing_since }: FailingEndpointDocument): string {
    const resumedAt = this.#directory.pauses.lastResume({ endpoint_id, user_id });
    return resumedAt !== null && resumedAt > failing_since ? resumedAt : failing_since;
  }

  async #warnOrDisable(standing: FailingEndpointDocument, now: number): Promise<void> {
    const { standing_of: endpointId, failures, failing_since } = standing;
    const streak = { failures, since: failing_since, countedFrom: this.#countedFrom(standing) };
    const command = { endpointId, streak, policy: this.#policy, now: timeText(now) };
    const commandId = timeOrderedId();
    const context = { commandId, correlationId: commandId, actor: ACTOR };
    try {
      const { events } = await handleEndpointCommand(this.#store, decideWarnOfFailing, command, null, context);
      for (const { type } of events) {
        const line = type === "EndpointFailing" ? "an endpoint keeps failing" : "a failing endpoint was disabled";
        this.#logger.warn({ endpoint: endpointId, failures, failing_since }, line);
      }
    } catch (error) {
      // It has just been deleted.
      if (!(error instanceof CommandRefused)) throw error;
    }
  }
}
