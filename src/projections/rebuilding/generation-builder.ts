import { Waiters } from "../../runtime/waiters.ts";
import { collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { GroupRunner } from "../running/group-runner.ts";
import type { RunnerContext } from "../running/runner.ts";
import { reportFailure } from "../running/projection-report.ts";
import type { ProjectionStatus, RebuildStatus, ReportProjection } from "../running/projection-report.ts";
import { compareGenerations } from "./compare-generations.ts";
import type { Comparison } from "./compare-generations.ts";
import type { GenerationId } from "./generations.ts";

/** After each batch a rebuild rests for twice as long as it worked, to leave processor and disk to the service. */
const REST_RATIO = 2;

export interface GenerationBuilderListener {
  /** The live generation if it has the same version, so that the new one can be compared with it. */
  live(): GenerationId | null;
  report(status: RebuildStatus): void;
  /** The generation has caught up and was compared, and may become live. Called once. */
  complete(builder: GenerationBuilder): Promise<void>;
}

/** Builds a new generation beside the live one, and keeps it up with the log until it becomes live. */
export class GenerationBuilder {
  readonly generationId: GenerationId;
  readonly #projection: AnyProjection;
  readonly #context: RunnerContext;
  readonly #listener: GenerationBuilderListener;
  readonly #runner: GroupRunner;
  readonly #abort = new AbortController();
  #position = "";
  #caughtUp = false;
  #faulted = false;
  #comparison: Comparison | null = null;
  readonly #moved = new Waiters();

  /** Starts at once, resuming what an earlier process left. */
  constructor(
    projection: AnyProjection,
    generationId: GenerationId,
    context: RunnerContext,
    listener: GenerationBuilderListener,
  ) {
    this.generationId = generationId;
    this.#projection = { ...projection, generation: generationId.generation };
    this.#context = context;
    this.#listener = listener;
    const report: ReportProjection = (reported) => {
      if (reported.kind === "status") this.#note(reported.status);
      else context.report(reported);
    };
    this.#runner = new GroupRunner({ ...context, report }, REST_RATIO);
    listener.report({ ...generationId, phase: "filling", position: null, fault: null, comparison: null });
    this.#runner.start([this.#projection]);
  }

  /** Resolves to true when it has reached the position, or to false if it stops before. */
  async reach(position: string): Promise<boolean> {
    while (this.#position < position && !this.#faulted && !this.#abort.signal.aborted) {
      await this.#moved.wait(this.#abort.signal);
    }
    return this.#position >= position;
  }

  /** Ends the work, with everything that was folded written. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#runner.stop();
  }

  #note(status: ProjectionStatus): void {
    this.#position = status.position ?? "";
    this.#faulted = status.state === "faulted";
    this.#moved.wakeAll();
    if (this.#abort.signal.aborted) return;
    const phase = this.#faulted ? "faulted" : this.#caughtUp ? "comparing" : "filling";
    this.#reportRebuild(phase, status);
    if (status.state !== "live" || this.#caughtUp) return;
    this.#caughtUp = true;
    this.#reportRebuild("comparing", status);
    void this.#finish(status);
  }

  async #finish(status: ProjectionStatus): Promise<void> {
    try {
      const live = this.#listener.live();
      if (live !== null) {
        const { documents, clock } = this.#context;
        const old = collectionOf({ ...this.#projection, ...live });
        this.#comparison = await compareGenerations(
          documents,
          old,
          collectionOf(this.#projection),
          clock,
          this.#abort.signal,
        );
        if (this.#abort.signal.aborted) return;
        this.#reportRebuild("comparing", {
          ...status,
          position: (this.#position || null) as ProjectionStatus["position"],
        });
      }
      await this.#listener.complete(this);
    } catch (error) {
      // The store is in trouble: all of this is tried again the next time the generation is at the log's end.
      reportFailure(this.#context.report, [this.#projection], error, 0);
      this.#caughtUp = false;
    }
  }

  #reportRebuild(phase: RebuildStatus["phase"], { position, fault }: ProjectionStatus): void {
    const comparison = this.#comparison;
    this.#listener.report({ ...this.generationId, phase, position, fault, comparison });
  }
}
