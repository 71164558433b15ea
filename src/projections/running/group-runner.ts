import type { EventStore } from "../../events/store/event-store.ts";
import type { Clock } from "../../runtime/clock.ts";
import { supervise } from "../../runtime/supervision.ts";
import type { AnyProjection } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { runProjections } from "./runner.ts";
import type { ProjectionStatus } from "./runner.ts";

/** Who learns how the runners get on. */
export interface RunnerReports {
  status(status: ProjectionStatus): void;
  /** A read model was built from another log, and is rebuilt. */
  reset(name: string): void;
  /** A runner failed and is started again after the wait; `message` is for the log. */
  failure(name: string, message: string, restartInMs: number): void;
}

/** What runners work on, and whom they tell. */
export interface RunnerContext extends RunnerReports {
  readonly log: Pick<EventStore, "subscribe" | "idAt">;
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

/** Runs generations of read models that share one reading of the log, supervised, until it is stopped; restartable with others. */
export class GroupRunner {
  readonly #context: RunnerContext;
  readonly #restRatio: number;
  #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** `restRatio`: how much it leaves to others while it is behind, see `RunnerOptions`. */
  constructor(context: RunnerContext, restRatio = 0) {
    this.#context = context;
    this.#restRatio = restRatio;
  }

  /** Begins to run them. */
  start(projections: readonly AnyProjection[]): void {
    const context = this.#context;
    const { log, documents, clock } = context;
    const { signal } = (this.#abort = new AbortController());
    this.#running = supervise(
      () =>
        runProjections(projections, log, documents, clock, (status) => context.status(status), signal, {
          reset: (name) => context.reset(name),
          restRatio: this.#restRatio,
        }),
      clock,
      (error, wait) => {
        const message = error instanceof Error ? error.message : String(error);
        for (const { name } of projections) context.failure(name, message, wait);
      },
      signal,
    );
  }

  /** Ends the run, with everything that was folded written, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}
