import { inject, injectable } from "tsyringe";
import { DeliveryWorker } from "../processes/delivering/delivery-worker.ts";
import { EndpointLifecycle } from "../processes/endpoints/endpoint-lifecycle.ts";
import { FailingEndpoints } from "../processes/endpoints/failing-endpoints.ts";
import { RetryScheduler } from "../processes/retrying/retry-scheduler.ts";
import { SENDER } from "../processes/sending/sender.ts";
import type { Sender } from "../processes/sending/sender.ts";

/** Makes attempts and decides on them: the worker and the three process managers. */
@injectable()
export class DeliveryLoops {
  readonly #worker: DeliveryWorker;
  readonly #scheduler: RetryScheduler;
  readonly #lifecycle: EndpointLifecycle;
  readonly #failing: FailingEndpoints;
  readonly #sender: Sender;
  #loops: readonly Promise<void>[] = [];

  constructor(
    @inject(DeliveryWorker) worker: DeliveryWorker,
    @inject(RetryScheduler) scheduler: RetryScheduler,
    @inject(EndpointLifecycle) lifecycle: EndpointLifecycle,
    @inject(FailingEndpoints) failing: FailingEndpoints,
    @inject(SENDER) sender: Sender,
  ) {
    this.#worker = worker;
    this.#scheduler = scheduler;
    this.#lifecycle = lifecycle;
    this.#failing = failing;
    this.#sender = sender;
  }

  /** Starts all of them. The process managers end when the signal aborts. */
  start(signal: AbortSignal): void {
    this.#worker.start({ low: () => this.#scheduler.refill(), due: (retry) => this.#scheduler.recorded(retry) });
    this.#loops = [this.#scheduler.run(signal), this.#lifecycle.run(signal), this.#failing.run(signal)];
  }

  /** Begins no more attempts, and lets those under way end for at most `graceMs`. */
  stopAttempts(graceMs: number): Promise<void> {
    return this.#worker.stop(graceMs);
  }

  /** Resolves when the process managers have ended, after their signal aborted, and every connection is closed. */
  async ended(): Promise<void> {
    await Promise.all(this.#loops);
    await this.#sender.close();
  }
}
