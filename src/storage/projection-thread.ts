import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { PROJECTIONS } from "../projections/catalogue.ts";
import { hostProjections } from "../projections/projection-host.ts";
import type { ProjectionStatus } from "../projections/runner.ts";
import { followLog } from "./open-log.ts";
import type { LogSource } from "./open-log.ts";
import { openReadModelsForWriting } from "./open-read-models.ts";
import type { ReadModelSource } from "./open-read-models.ts";

/** What the thread is started with. */
export interface ProjectionThreadData {
  readonly log: LogSource;
  readonly readModels: ReadModelSource;
}

/** What the thread says. It is told one thing only: any message means that it should stop. */
export type ProjectionThreadMessage =
  | { readonly kind: "status"; readonly status: ProjectionStatus }
  | { readonly kind: "failure"; readonly name: string; readonly message: string; readonly restartInMs: number }
  | { readonly kind: "reset"; readonly reason: string };

/**
 * A thread that folds the log into the read models, with connections of its own: a rebuild may use a whole core without
 * delaying a request.
 */
async function run(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this file is the entry of a worker thread");
  const data = workerData as ProjectionThreadData;
  const say = (message: ProjectionThreadMessage): void => port.postMessage(message);
  const stop = new AbortController();
  port.once("message", () => stop.abort());
  const log = await followLog(data.log);
  const documents = await openReadModelsForWriting(data.readModels, (reason) => say({ kind: "reset", reason }));
  const reports = {
    status: (status: ProjectionStatus) => say({ kind: "status", status }),
    failure: (name: string, message: string, restartInMs: number) =>
      say({ kind: "failure", name, message, restartInMs }),
  };
  await hostProjections(PROJECTIONS, log, documents, systemClock, reports, stop.signal);
  // The port keeps the thread alive: projections that stopped at an event must not look like a thread that died.
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  await documents.close();
  await log.close();
  port.close();
}

await run();
