import type { Turns } from "../../runtime/turns.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import { GenerationBuilder } from "../rebuilding/generation-builder.ts";
import {
  GENERATIONS,
  beginRebuild,
  changeGenerations,
  forget,
  abandonRebuild,
  isSameGeneration,
  switchOver,
} from "../rebuilding/generations.ts";
import type { GenerationId, GenerationsContent } from "../rebuilding/generations.ts";
import type { RunnerContext } from "./runner.ts";
import { isOfThisVersion } from "./hosted-model.ts";
import type { HostedModel } from "./hosted-model.ts";
import { reportFailure } from "./projection-report.ts";
import type { ReadingGroups } from "./reading-groups.ts";
import type { ProjectionStatus, RebuildStatus } from "./projection-report.ts";

/**
 * How long an old generation is kept after the switch, in ms: a reader, perhaps in another process, may be in the
 * middle of it.
 */
const RETIREMENT_MS = 10_000;

/**
 * Decides which generation of each read model is live: begins a new one beside it, switches when that is complete, and
 * removes the old one. The caller takes a turn for `rebuild`, `cancel` and `follow`; later steps take their own.
 */
export class LiveGenerations {
  readonly #context: RunnerContext;
  readonly #groups: ReadingGroups;
  readonly #turns: Turns;
  readonly #signal: AbortSignal;
  readonly #removals = new Set<() => void>();

  /** `signal` aborts when the host ends; after that nothing switches. */
  constructor(context: RunnerContext, groups: ReadingGroups, turns: Turns, signal: AbortSignal) {
    this.#context = context;
    this.#groups = groups;
    this.#turns = turns;
    this.#signal = signal;
  }

  /**
   * Shows the live generations, removes the retired ones, and resumes rebuilds that the last process left.
   *
   * @throws what the document store throws; it may then be called again
   */
  async begin(models: readonly HostedModel[]): Promise<void> {
    await this.#context.documents.prepare(GENERATIONS);
    for (const model of models) {
      const { projection } = model;
      const generations = await this.generationsOf(model, (known) =>
        // A changed fold is rebuilt automatically, while the earlier generation stays live.
        known.live.version === projection.version ? known : beginRebuild(known, projection),
      );
      this.#show(model, generations.live);
      for (const generationId of generations.retired) await this.#remove(model, generationId);
      if (generations.building !== null && model.builder === null) this.#build(model, generations.building);
    }
  }

  /** Rebuilds the read model beside the live generation, and switches when the new one is complete. */
  async rebuild(model: HostedModel): Promise<"begun" | "already_running"> {
    if (model.builder !== null) return "already_running";
    const { building } = await this.generationsOf(model, (generations) => beginRebuild(generations, model.projection));
    if (building !== null) this.#build(model, building);
    return "begun";
  }

  /** Ends a rebuild and removes what it has built. */
  async cancel(model: HostedModel): Promise<"ended" | "not_running"> {
    const { builder } = model;
    if (builder === null) return "not_running";
    model.builder = null;
    await builder.stop();
    await this.generationsOf(model, abandonRebuild);
    await this.#remove(model, builder.generationId);
    this.#reportRebuild(model, null);
    return "ended";
  }

  /** Shows the generation that another instance has switched to: it is as good as the one being built here. */
  async follow(model: HostedModel, live: GenerationId): Promise<void> {
    await this.#groups.whileStopped(model, async () => {
      if (model.builder !== null) {
        await model.builder.stop();
        model.builder = null;
        this.#reportRebuild(model, null);
      }
      this.#show(model, live);
    });
  }

  /** Changes and stores the generations of the read model; without a change, returns the stored ones. */
  generationsOf(
    { projection }: HostedModel,
    change: (generations: GenerationsContent) => GenerationsContent = (known) => known,
  ): Promise<GenerationsContent> {
    return changeGenerations(this.#context.documents, projection, change);
  }

  /** Cancels the removal of old generations: they stay recorded as retired, and the next start removes them. */
  cancelRemovals(): void {
    for (const cancel of this.#removals) cancel();
  }

  #build(model: HostedModel, generationId: GenerationId): void {
    const { projection } = model;
    model.builder = new GenerationBuilder(projection, generationId, this.#context, {
      live: () => (isOfThisVersion(model) ? model.live : null),
      report: (status) => this.#reportRebuild(model, status),
      complete: (builder) => this.#turns.take(() => this.#switch(model, builder)),
    });
  }

  /** Makes a complete generation live. It must have everything that readers have already seen. */
  async #switch(model: HostedModel, builder: GenerationBuilder): Promise<void> {
    if (model.builder !== builder || this.#signal.aborted) return;
    const old = model.live;
    await this.#groups.whileStopped(model, async () => {
      if (!(await builder.reach(this.#groups.positionOf(model)))) return;
      const generations = await this.generationsOf(model, (known) =>
        known.building !== null && isSameGeneration(known.building, builder.generationId) ? switchOver(known) : known,
      );
      await builder.stop();
      model.builder = null;
      this.#show(model, generations.live);
      this.#reportRebuild(model, null);
    });
    if (!isSameGeneration(old, model.live)) this.#retire(model, old);
  }

  #show(model: HostedModel, generationId: GenerationId): void {
    const { name } = model.projection;
    model.live = generationId;
    this.#context.report({ kind: "live", name, generationId });
    // A generation from an earlier version stays as it is until the new one is complete.
    if (isOfThisVersion(model)) return;
    const { version } = generationId;
    const status: ProjectionStatus = { name, version, position: null, state: "outdated", fault: null };
    this.#context.report({ kind: "status", status });
  }

  #reportRebuild({ projection }: HostedModel, status: RebuildStatus | null): void {
    this.#context.report({ kind: "rebuild", name: projection.name, status });
  }

  #retire(model: HostedModel, generationId: GenerationId): void {
    const cancel = this.#context.clock.schedule(RETIREMENT_MS, () => {
      this.#removals.delete(cancel);
      // If this fails, the generation stays recorded as retired, and the next start removes it.
      void this.#turns
        .take(() => this.#remove(model, generationId))
        .catch((error: unknown) => reportFailure(this.#context.report, [model.projection], error, 0));
    });
    this.#removals.add(cancel);
  }

  async #remove(model: HostedModel, generationId: GenerationId): Promise<void> {
    const generation = { ...model.projection, ...generationId };
    await this.#context.documents.drop(collectionOf(generation), checkpointNameOf(generation));
    await this.generationsOf(model, (generations) => forget(generations, generationId));
  }
}
