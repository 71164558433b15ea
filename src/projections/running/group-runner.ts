import { supervise } from "../../runtime/supervision.ts";
import type { AnyProjection } from "../projection.ts";
import { reportFailure } from "./projection-report.ts";
import { runProjections } from "./runner.ts";
import type { RunnerContext } from "./runner.ts";

/**
 * Runs the generations of read models that share one reading of the log, supervised, until stopped. Can be restarted
 * with others.
 */
export class GroupRunner {
  readonly #context: RunnerContext;
  readonly #restRatio: number;
  #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** `restRatio`: how long it rests while catching up, see `runProjections`. */
  constructor(context: RunnerContext, restRatio = 0) {
    this.#context = context;
    this.#restRatio = restRatio;
  }

  /** Starts to run them. */
  start(projections: readonly AnyProjection[]): void {
    const { signal } = (this.#abort = new AbortController());
    const run = (): Promise<void> => runProjections(projections, this.#context, signal, this.#restRatio);
    const onError = (error: unknown, restartInMs: number): void =>
      reportFailure(this.#context.report, projections, error, restartInMs);
    this.#running = supervise(run, this.#context.clock, onError, signal);
  }

  /** Ends the run, with everything that was folded written, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}
