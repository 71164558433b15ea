import type { Turns } from "../../runtime/turns.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import { GenerationBuilder } from "../rebuilding/generation-builder.ts";
import type { RebuildStatus } from "./projection-report.ts";
import {
  GENERATIONS,
  beginBuilding,
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
import type { ProjectionStatus } from "./projection-report.ts";

/** How long an old generation is kept after the switch, in ms: a reader may be in the middle of it, in another process too. */
const RETIREMENT_MS = 10_000;

/**
 * Which generation of each read model is live: begins another beside it, switches when that one is complete, and removes
 * the old one. Its callers take a turn for `rebuild`, `cancel` and `follow`; what it does by itself later takes its own.
 */
export class LiveGenerations {
  readonly #context: RunnerContext;
  readonly #groups: ReadingGroups;
  readonly #turns: Turns;
  readonly #signal: AbortSignal;
  readonly #removals = new Set<() => void>();

  /** `signal` aborts when the host ends, after which nothing is switched any more. */
  constructor(context: RunnerContext, groups: ReadingGroups, turns: Turns, signal: AbortSignal) {
    this.#context = context;
    this.#groups = groups;
    this.#turns = turns;
    this.#signal = signal;
  }

  /**
   * Shows what is live, removes what was to be removed, and goes on with what was being made when the process ended.
   *
   * @throws what the document store throws; then it may be called again
   */
  async begin(models: readonly HostedModel[]): Promise<void> {
    await this.#context.documents.prepare(GENERATIONS);
    for (const model of models) {
      const { projection } = model;
      const generations = await this.generationsOf(model, (known) =>
        // A fold that changed is made again by itself, and the earlier one is shown meanwhile.
        known.live.version === projection.version ? known : beginBuilding(known, projection),
      );
      this.#show(model, generations.live);
      for (const generationId of generations.retired) await this.#remove(model, generationId);
      if (generations.building !== null && model.builder === null) this.#build(model, generations.building);
    }
  }

  /** Makes the read model again beside the live one, and shows it when it is complete. */
  async rebuild(model: HostedModel): Promise<"begun" | "already_running"> {
    if (model.builder !== null) return "already_running";
    const { building } = await this.generationsOf(model, (generations) => beginBuilding(generations, model.projection));
    if (building !== null) this.#build(model, building);
    return "begun";
  }

  /** Ends a rebuild and removes what it made so far. */
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

  /** Shows what another instance has switched to: its generation is as good as the one that is being made here. */
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

  /** The generations of the read model after a change of them; without one, as the store has them. */
  generationsOf(
    { projection }: HostedModel,
    change: (generations: GenerationsContent) => GenerationsContent = (known) => known,
  ): Promise<GenerationsContent> {
    return changeGenerations(this.#context.documents, projection, change);
  }

  /** Removes no old generation any more: they are written down as retired, and the next start removes them. */
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

  /** The moment at which a complete generation takes the place of the live one. Nothing that readers saw may be missing in it. */
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
    // What an earlier version made stands still until the new one is there.
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
      // When it fails it stays written down as retired, and is removed at the next start.
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
