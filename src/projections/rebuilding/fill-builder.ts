import { collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { GroupRunner } from "../running/group-runner.ts";
import type { RunnerContext } from "../running/group-runner.ts";
import type { RebuildPhase } from "../running/projection-terms.ts";
import type { ProjectionStatus } from "../running/runner.ts";
import { compareFills } from "./compare-fills.ts";
import type { Comparison } from "./compare-fills.ts";
import type { Slot } from "./slots.ts";

/** A rebuild leaves the processor and the disk to the service for twice as long as it takes them. */
const REST_RATIO = 2;

/** Where the making of a fill stands. */
export interface RebuildStatus {
  readonly version: number;
  readonly generation: number;
  readonly phase: RebuildPhase;
  /** Up to where it has come; null before the first event. */
  readonly position: string | null;
  readonly fault: ProjectionStatus["fault"];
  /** What comparing it with the live one found; null before, and when the live one is of another version. */
  readonly comparison: Comparison | null;
}

export interface FillBuilderListener {
  /** The fill that this one may be compared with: the live one, when it is of the same version. */
  live(): Slot | null;
  report(status: RebuildStatus): void;
  /** It has caught up and was compared: it may take the place of the live one. Called once. */
  complete(builder: FillBuilder): Promise<void>;
}

/** Rebuilds a read model beside the live one and keeps it up with the log until it may take its place. */
export class FillBuilder {
  readonly slot: Slot;
  readonly #projection: AnyProjection;
  readonly #context: RunnerContext;
  readonly #listener: FillBuilderListener;
  readonly #runner: GroupRunner;
  readonly #abort = new AbortController();
  #position = "";
  #caughtUp = false;
  #faulted = false;
  #comparison: Comparison | null = null;
  #onPosition: () => void = () => undefined;

  /** Begins at once, where an earlier process left off when there was one. */
  constructor(projection: AnyProjection, slot: Slot, context: RunnerContext, listener: FillBuilderListener) {
    this.slot = slot;
    this.#projection = { ...projection, generation: slot.generation };
    this.#context = context;
    this.#listener = listener;
    this.#runner = new GroupRunner({ ...context, status: (status) => this.#note(status) }, REST_RATIO);
    listener.report({ ...slot, phase: "filling", position: null, fault: null, comparison: null });
    this.#runner.start([this.#projection]);
  }

  /** Resolves to true when it has come at least so far, or to false when it stands still or was stopped before. */
  async reach(position: string): Promise<boolean> {
    while (this.#position < position && !this.#faulted && !this.#abort.signal.aborted) {
      await new Promise<void>((resolve) => (this.#onPosition = resolve));
    }
    return this.#position >= position;
  }

  /** Ends the work, with everything that was folded written. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#onPosition();
    await this.#runner.stop();
  }

  #note(status: ProjectionStatus): void {
    this.#position = status.position ?? "";
    this.#faulted = status.state === "faulted";
    this.#onPosition();
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
        this.#comparison = await compareFills(
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
      // The store is in trouble: the next time that the fill is at the log's end all of it is tried again.
      const message = error instanceof Error ? error.message : String(error);
      this.#context.failure(this.#projection.name, message, 0);
      this.#caughtUp = false;
    }
  }

  #tell(phase: RebuildStatus["phase"], { position, fault }: ProjectionStatus): void {
    const comparison = this.#comparison;
    this.#listener.report({ ...this.slot, phase, position, fault, comparison });
  }
}
