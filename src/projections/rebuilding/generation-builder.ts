import { Waiters } from "../../runtime/waiters.ts";
import { collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { GroupRunner } from "../running/group-runner.ts";
import type { RunnerContext } from "../running/runner.ts";
import { reportFailure } from "../running/projection-report.ts";
import type { RebuildStatus, ReportProjection } from "../running/projection-report.ts";
import type { ProjectionStatus } from "../running/projection-report.ts";
import { compareGenerations } from "./compare-generations.ts";
import type { Comparison } from "./compare-generations.ts";
import type { GenerationId } from "./generations.ts";

/** A rebuild leaves the processor and the disk to the service for twice as long as it takes them. */
const REST_RATIO = 2;

export interface GenerationBuilderListener {
  /** The generation that this one may be compared with: the live one, when it is of the same version. */
  live(): GenerationId | null;
  report(status: RebuildStatus): void;
  /** It has caught up and was compared: it may take the place of the live one. Called once. */
  complete(builder: GenerationBuilder): Promise<void>;
}

/** Rebuilds a read model beside the live one and keeps it up with the log until it may take its place. */
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

  /** Begins at once, where an earlier process left off when there was one. */
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

  /** Resolves to true when it has come at least so far, or to false when it stands still or was stopped before. */
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
    this.#tell(phase, status);
    if (status.state !== "live" || this.#caughtUp) return;
    this.#caughtUp = true;
    this.#tell("comparing", status);
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
        this.#tell("comparing", { ...status, position: (this.#position || null) as ProjectionStatus["position"] });
      }
      await this.#listener.complete(this);
    } catch (error) {
      // The store is in trouble: the next time that the generation is at the log's end all of it is tried again.
      reportFailure(this.#context.report, [this.#projection], error, 0);
      this.#caughtUp = false;
    }
  }

  #tell(phase: RebuildStatus["phase"], { position, fault }: ProjectionStatus): void {
    const comparison = this.#comparison;
    this.#listener.report({ ...this.generationId, phase, position, fault, comparison });
  }
}
