import type { Turns } from "../../runtime/turns.ts";
import { checkpointNameOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { GroupRunner } from "./group-runner.ts";
import type { RunnerContext } from "./runner.ts";
import { isOfThisVersion } from "./hosted-model.ts";
import type { HostedModel } from "./hosted-model.ts";
import { reportFailure } from "./projection-report.ts";
import type { ProjectionStatus } from "./projection-report.ts";

/**
 * Which read models read the log together, and their runners. Models that need mostly the same events share one reading
 * of the log, which is much of their cost. A model that is far back, because it is new, was incomplete when a process
 * ended, or stopped, reads apart and joins the others when it has caught up.
 */
export class ReadingGroups {
  readonly #models: readonly HostedModel[];
  readonly #context: RunnerContext;
  readonly #turns: Turns;
  readonly #signal: AbortSignal;
  readonly #runners = new Map<string, GroupRunner>();
  readonly #positions = new Map<string, string>();
  readonly #caughtUp = new Set<HostedModel>();
  readonly #joining = new Set<HostedModel>();

  /**
   * @param turns in which a read model joins its group, since that stops and starts runners
   * @param signal aborts when the host ends; after that no read model joins
   */
  constructor(models: readonly HostedModel[], context: RunnerContext, turns: Turns, signal: AbortSignal) {
    this.#models = models;
    this.#turns = turns;
    this.#signal = signal;
    this.#context = {
      ...context,
      report: (report) => {
        if (report.kind === "status") this.#positions.set(report.status.name, report.status.position ?? "");
        context.report(report);
        if (report.kind === "status") this.#place(report.status);
      },
    };
  }

  /** Decides by the checkpoints which models start apart: those that are behind the furthest of those they read with. */
  async arrange(): Promise<void> {
    const reached = new Map<HostedModel, string>();
    for (const model of this.#models.filter(isOfThisVersion)) {
      const name = checkpointNameOf({ ...model.projection, ...model.live });
      reached.set(model, (await this.#context.documents.checkpoint(name))?.searchedTo ?? "");
    }
    for (const [model, place] of reached) {
      model.apart = [...reached].some(([other, further]) => readingOf(other) === readingOf(model) && further > place);
    }
  }

  /** Starts to run all groups. */
  start(): void {
    for (const group of new Set(this.#models.map(groupOf))) this.#start(group);
  }

  /** Ends all runs, with everything that was folded written. */
  async stop(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
  }

  /** How far the live generation of this read model has come; empty before its first event. */
  positionOf({ projection }: HostedModel): string {
    return this.#positions.get(projection.name) ?? "";
  }

  /** Changes the model while no runner folds into it, then starts its groups as they are now. */
  async whileStopped(model: HostedModel, change: () => Promise<void>): Promise<void> {
    // Stop both groups: a runner may know a generation of the model from before it stopped.
    const groups = [true, false].map((apart) => groupOf({ ...model, apart }));
    for (const group of groups) await this.#runner(group).stop();
    try {
      await change();
    } finally {
      for (const group of groups) this.#start(group);
    }
  }

  /** Takes a stopped model out of its group at the next start, and brings back a model that has caught up. */
  #place({ name, state }: ProjectionStatus): void {
    const model = this.#models.find(({ projection }) => projection.name === name);
    if (model === undefined) return;
    if (state === "faulted") model.apart = true;
    if (state !== "live") this.#caughtUp.delete(model);
    else this.#caughtUp.add(model);
    if (state !== "live") return;
    // Others may have been catching up when it had caught up itself.
    for (const waiting of this.#models) if (readingOf(waiting) === readingOf(model)) this.#joinWhenAllCaughtUp(waiting);
  }

  #joinWhenAllCaughtUp(model: HostedModel): void {
    if (!model.apart || !this.#caughtUp.has(model) || this.#joining.has(model)) return;
    const others = this.#models.filter((other) => groupOf(other) === readingOf(model) && isOfThisVersion(other));
    // While others are catching up, joining them would set it back.
    if (!others.every((other) => this.#caughtUp.has(other))) return;
    this.#joining.add(model);
    void this.#turns
      .take(() => this.#join(model))
      .catch((error: unknown) => reportFailure(this.#context.report, [model.projection], error, 0));
  }

  async #join(model: HostedModel): Promise<void> {
    this.#joining.delete(model);
    if (this.#signal.aborted) return;
    await this.whileStopped(model, () => {
      model.apart = false;
      return Promise.resolve();
    });
  }

  #runner(group: string): GroupRunner {
    const runner = this.#runners.get(group) ?? new GroupRunner(this.#context);
    this.#runners.set(group, runner);
    return runner;
  }

  #start(group: string): void {
    const generations = this.#runnable(group);
    if (generations.length > 0) this.#runner(group).start(generations);
  }

  /** The live generations of this group that were made by this version of their folds. */
  #runnable(group: string): AnyProjection[] {
    return this.#models
      .filter((model) => groupOf(model) === group && isOfThisVersion(model))
      .map(({ projection, live }) => ({ ...projection, generation: live.generation }));
  }
}

/**
 * Models with the same first category share a reading, which covers their further categories too. Deliveries are nearly
 * all of a log, so what reads them goes with what reads everything.
 */
function readingOf({ projection }: Pick<HostedModel, "projection">): string {
  return projection.categories?.[0] ?? "delivery";
}

/** Models with the same group share a reading of the log. */
function groupOf(model: Pick<HostedModel, "projection" | "apart">): string {
  return `${readingOf(model)}${model.apart ? " apart" : ""}`;
}
