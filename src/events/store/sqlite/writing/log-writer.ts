import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { StoreUnavailable } from "../../event-store-errors.ts";
import { DataDirectoryInUse, DataDirectoryUnusable } from "../files/data-directory-errors.ts";
import { describeError } from "../../../../runtime/sqlite-error.ts";
import type { AppendGroup, GroupOutcome } from "./append-group.ts";
import type { LogThreadData, LogThreadMessage, LogThreadRequest } from "./log-thread.ts";

/** Receives the writer's messages. */
export interface LogWriterListener {
  /** The answer to the group that was sent last. */
  outcome(outcome: GroupOutcome): void;
  /** The disk failed: nothing more is appended. */
  fault(reason: string): void;
  /** The thread ended unasked; a group under way gets no answer. */
  died(reason: string): void;
}

/** The main thread's handle on the writer's thread. */
export class LogWriter {
  readonly #worker: Worker;
  #closing = false;
  #marked: (reason: string | null) => void = () => undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * Starts the thread, and resolves when it has opened the log.
   *
   * @throws DataDirectoryInUse, DataDirectoryUnusable
   */
  static async start(data: LogThreadData, listener: LogWriterListener): Promise<LogWriter> {
    const file = import.meta.url.endsWith(".ts") ? "./log-thread.ts" : "./log-thread.js";
    const worker = new Worker(new URL(file, import.meta.url), { workerData: data, name: "event-log" });
    const [first] = (await once(worker, "message")) as [LogThreadMessage];
    if (first.kind === "in_use") throw new DataDirectoryInUse(data.directory, null);
    if (first.kind === "unusable") throw new DataDirectoryUnusable(first.message);
    const writer = new LogWriter(worker);
    writer.#listen(listener);
    return writer;
  }

  /** Hands over one group. Send the next one only after its outcome. */
  send(group: AppendGroup): void {
    this.#post({ kind: "append", group });
  }

  /**
   * Notes whether an import is unfinished, and resolves when that is durable.
   *
   * @throws StoreUnavailable
   */
  async markImport(unfinished: boolean): Promise<void> {
    const marked = Promise.withResolvers<string | null>();
    this.#marked = marked.resolve;
    this.#post({ kind: "mark", unfinished });
    const reason = await marked.promise;
    if (reason !== null) throw new StoreUnavailable(`the event log cannot be marked: ${reason}`);
  }

  /** Closes the log and resolves when the thread has ended. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#worker.threadId < 0) return;
    const ended = once(this.#worker, "exit");
    this.#post({ kind: "close" });
    await ended;
  }

  /** Ends the thread at once, as if it had crashed. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(request: LogThreadRequest): void {
    this.#worker.postMessage(request);
  }

  #listen(listener: LogWriterListener): void {
    let reason = "the event log's thread has ended";
    this.#worker.on("message", (message: LogThreadMessage) => {
      if (message.kind === "outcome") listener.outcome(message.outcome);
      if (message.kind === "marked") this.#marked(message.reason);
      if (message.kind === "fault") listener.fault(message.reason);
    });
    this.#worker.on("error", (error) => (reason = `the event log's thread has failed: ${describeError(error)}`));
    this.#worker.on("exit", () => {
      this.#marked(reason);
      if (!this.#closing) listener.died(reason);
    });
  }
}

/** Starts a writer: `LogWriter.start`, or a test's replacement. */
export type StartLogWriter = (data: LogThreadData, listener: LogWriterListener) => Promise<LogWriter>;
