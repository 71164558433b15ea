import { Worker } from "node:worker_threads";
import type { LiveDocuments } from "../projections/rebuilding/live-documents.ts";
import type { ProjectionControl, RebuildAnswer } from "../projections/running/projection-host.ts";
import type { ReportProjection } from "../projections/running/projection-report.ts";
import { ReadModelsUnavailable } from "../projections/store/document-store.ts";
import type { ProjectionThreadData, ProjectionThreadMessage, ProjectionThreadRequest } from "./run-in-thread.ts";

/** The main thread's handle on the projections' thread. */
export class ProjectionThread implements ProjectionControl {
  readonly #data: ProjectionThreadData;
  readonly #documents: LiveDocuments;
  readonly #waiting = new Map<number, PromiseWithResolvers<RebuildAnswer>>();
  #worker: Worker | null = null;
  #lastId = 0;

  /** `documents` is updated when another generation goes live. */
  constructor(data: ProjectionThreadData, documents: LiveDocuments) {
    this.#data = data;
    this.#documents = documents;
  }

  /** Runs the projections until the signal aborts; rejects when the thread ends by itself. */
  async run(report: ReportProjection, signal: AbortSignal): Promise<void> {
    // Tests run the sources; the built program has only JavaScript.
    const entry = import.meta.url.endsWith(".ts") ? "./run-in-thread.ts" : "./run-in-thread.js";
    const worker = new Worker(new URL(entry, import.meta.url), { workerData: this.#data });
    this.#worker = worker;
    worker.on("message", (message: ProjectionThreadMessage) => this.#take(message, report));
    const stop = (): void => this.#post({ kind: "stop" });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        worker.once("error", reject);
        worker.once("exit", (code) => {
          if (signal.aborted) resolve();
          else reject(new Error(`the projections' thread ended with code ${code}`));
        });
      });
    } finally {
      signal.removeEventListener("abort", stop);
      this.#worker = null;
      for (const { reject } of this.#waiting.values()) reject(notRunning());
      this.#waiting.clear();
    }
  }

  /** @throws ReadModelsUnavailable when the thread is not running, or its store does not answer */
  rebuild(name: string): Promise<RebuildAnswer> {
    return this.#ask("rebuild", name);
  }

  /** @throws ReadModelsUnavailable when the thread is not running, or its store does not answer */
  cancel(name: string): Promise<RebuildAnswer> {
    return this.#ask("cancel", name);
  }

  #ask(kind: "rebuild" | "cancel", name: string): Promise<RebuildAnswer> {
    if (this.#worker === null) return Promise.reject(notRunning());
    const answer = Promise.withResolvers<RebuildAnswer>();
    const id = ++this.#lastId;
    this.#waiting.set(id, answer);
    this.#post({ kind, id, name });
    return answer.promise;
  }

  #post(request: ProjectionThreadRequest): void {
    this.#worker?.postMessage(request);
  }

  #take(message: ProjectionThreadMessage, report: ReportProjection): void {
    if (message.kind === "report") {
      const { report: reported } = message;
      if (reported.kind === "live") this.#documents.switchTo(reported.name, reported.generationId);
      report(reported);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.answer === null) waiting?.reject(new ReadModelsUnavailable(message.reason));
    else waiting?.resolve(message.answer);
  }
}

function notRunning(): ReadModelsUnavailable {
  return new ReadModelsUnavailable("the projections are not running");
}
