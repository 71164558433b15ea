import { parentPort, workerData } from "node:worker_threads";
import { PROJECTIONS } from "../projections/read-models.ts";
import { ProjectionHost } from "../projections/running/projection-host.ts";
import type { RebuildAnswer } from "../projections/running/projection-host.ts";
import { ALL_PROJECTIONS } from "../projections/running/projection-report.ts";
import type { ProjectionReport } from "../projections/running/projection-report.ts";
import { systemClock } from "../runtime/clock.ts";
import { followLog } from "./open-log.ts";
import type { LogSource } from "./open-log.ts";
import { openReadModelsForWriting } from "./open-read-models.ts";
import type { ReadModelSource } from "./open-read-models.ts";

/** The data that the thread is started with. */
export interface ProjectionThreadData {
  readonly log: LogSource;
  readonly readModels: ReadModelSource;
}

/** The messages to the thread. */
export type ProjectionThreadRequest =
  { readonly kind: "stop" } | { readonly kind: "rebuild" | "cancel"; readonly id: number; readonly name: string };

/** The messages from the thread. */
export type ProjectionThreadMessage =
  | { readonly kind: "report"; readonly report: ProjectionReport }
  | { readonly kind: "answer"; readonly id: number; readonly answer: RebuildAnswer }
  | { readonly kind: "answer"; readonly id: number; readonly answer: null; readonly reason: string };

/**
 * Folds the log into the read models in this thread, with its own connections: a rebuild may use a whole core without
 * delaying requests.
 */
async function run(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this file is the entry of a worker thread");
  const data = workerData as ProjectionThreadData;
  const post = (message: ProjectionThreadMessage): void => port.postMessage(message);
  const stop = new AbortController();
  let host: ProjectionHost | null = null;
  port.on("message", (request: ProjectionThreadRequest) => {
    if (request.kind === "stop") stop.abort();
    else if (host !== null) void answer(host, request, post);
    else post({ kind: "answer", id: request.id, answer: null, reason: "the projections are starting" });
  });
  const log = await followLog(data.log);
  const report = (reported: ProjectionReport): void => post({ kind: "report", report: reported });
  const documents = await openReadModelsForWriting(data.readModels, (reason) =>
    report({ kind: "reset", name: ALL_PROJECTIONS, reason }),
  );
  host = new ProjectionHost(PROJECTIONS, log, documents, systemClock, report);
  await host.run(stop.signal);
  await documents.close();
  await log.close();
  port.close();
}

/** Carries out an operator's request, and answers with the result. */
async function answer(
  host: ProjectionHost,
  { kind, id, name }: Extract<ProjectionThreadRequest, { id: number }>,
  post: (message: ProjectionThreadMessage) => void,
): Promise<void> {
  try {
    post({ kind: "answer", id, answer: await host[kind](name) });
  } catch (error) {
    post({ kind: "answer", id, answer: null, reason: error instanceof Error ? error.message : String(error) });
  }
}

await run();
