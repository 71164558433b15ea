import type { EventStore } from "../../events/store/event-store.ts";
import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/clock.ts";
import { supervise } from "../../runtime/supervision.ts";
import { Turns } from "../../runtime/turns.ts";
import type { AnyProjection } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { RunnerContext } from "./runner.ts";
import { hostedModel } from "./hosted-model.ts";
import type { HostedModel } from "./hosted-model.ts";
import { LiveGenerations } from "./live-generations.ts";
import { reportFailure } from "./projection-report.ts";
import type { ReportProjection } from "./projection-report.ts";
import { ReadingGroups } from "./reading-groups.ts";
import { watchSharedStore } from "./shared-store-watch.ts";
import { token } from "../../runtime/token.ts";

/** How long one wait for the end lasts, in ms, if no other instance can change anything. */
const IDLE_MS = 60 * 60_000;

/** The answer to a request to begin or end a rebuild. */
export type RebuildAnswer = "begun" | "already_running" | "ended" | "not_running" | "unknown_projection";

/** The token under which the container registers the operator's control over the projections. */
export const PROJECTION_CONTROL = token<ProjectionControl>("ProjectionControl");

/** Carries out an operator's requests. */
export interface ProjectionControl {
  /** Rebuilds a read model beside the live generation, and switches when the new one is complete. */
  rebuild(name: string): Promise<RebuildAnswer>;
  /** Ends a rebuild and removes what it has built. */
  cancel(name: string): Promise<RebuildAnswer>;
}

/**
 * Keeps all read models up with the log, and rebuilds them beside the live generations: on request, and when the
 * version of a fold changes. `ReadingGroups` runs the folds, `LiveGenerations` decides which generation they fold into
 * and readers see, and `watchSharedStore` follows the switches of other instances.
 *
 * Changes run one after the other, in turns: a switch stops runners, changes what is live and starts the runners again,
 * and nothing else may do so in between.
 */
export class ProjectionHost implements ProjectionControl {
  readonly #models: readonly HostedModel[];
  readonly #context: RunnerContext;
  readonly #groups: ReadingGroups;
  readonly #generations: LiveGenerations;
  readonly #turns = new Turns();
  readonly #abort = new AbortController();

  constructor(
    projections: readonly AnyProjection[],
    log: Pick<EventStore, "subscribe" | "idAt">,
    documents: DocumentStore,
    clock: Clock,
    report: ReportProjection,
  ) {
    const { signal } = this.#abort;
    this.#models = projections.map(hostedModel);
    this.#context = { log, documents, clock, report };
    this.#groups = new ReadingGroups(this.#models, this.#context, this.#turns, signal);
    this.#generations = new LiveGenerations(this.#context, this.#groups, this.#turns, signal);
  }

  /** Runs until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { documents, clock, report } = this.#context;
    const projections = this.#models.map(({ projection }) => projection);
    const failed = (error: unknown, retryInMs: number): void => reportFailure(report, projections, error, retryInMs);
    await supervise(() => this.#begin(), clock, failed, signal);
    this.#groups.start();
    if (documents.shared) await watchSharedStore(this.#models, this.#generations, this.#turns, clock, failed, signal);
    while (!signal.aborted) await pause(clock, IDLE_MS, signal);
    this.#abort.abort();
    this.#generations.cancelRemovals();
    await this.#turns.idle();
    await Promise.all([this.#groups.stop(), ...this.#models.map(({ builder }) => builder?.stop())]);
  }

  rebuild(name: string): Promise<RebuildAnswer> {
    return this.#inTurn(name, (model) => this.#generations.rebuild(model));
  }

  cancel(name: string): Promise<RebuildAnswer> {
    return this.#inTurn(name, (model) => this.#generations.cancel(model));
  }

  async #begin(): Promise<void> {
    await this.#generations.begin(this.#models);
    await this.#groups.arrange();
  }

  #inTurn(name: string, change: (model: HostedModel) => Promise<RebuildAnswer>): Promise<RebuildAnswer> {
    return this.#turns.take(async () => {
      const model = this.#models.find(({ projection }) => projection.name === name);
      return model === undefined ? "unknown_projection" : change(model);
    });
  }
}
