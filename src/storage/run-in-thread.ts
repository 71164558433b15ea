import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import type { ProjectionReports } from "../projections/projection-host.ts";
import type { ProjectionThreadData, ProjectionThreadMessage } from "./projection-thread.ts";

/** Runs the projections in a thread until the signal aborts; rejects when the thread ends by itself. */
export function runInThread(
  data: ProjectionThreadData,
  reports: ProjectionReports,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  // Under tests the sources run as they are; the built program has only JavaScript.
  const entry = import.meta.url.endsWith(".ts") ? "./projection-thread.ts" : "./projection-thread.js";
  const thread = new Worker(new URL(entry, import.meta.url), { workerData: data });
  thread.on("message", (message: ProjectionThreadMessage) => {
    switch (message.kind) {
      case "status":
        reports.status(message.status);
        return;
      case "failure":
        reports.failure(message.name, message.message, message.restartInMs);
        return;
      case "reset":
        logger.warn({ reason: message.reason }, "the read models are made anew from the log");
        return;
    }
  });
  const stop = (): void => thread.postMessage("stop");
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return new Promise((resolve, reject) => {
    thread.once("error", reject);
    thread.once("exit", (code) => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) resolve();
      else reject(new Error(`the thread of the projections ended with code ${code}`));
    });
  });
}
