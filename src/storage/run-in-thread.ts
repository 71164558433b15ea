import { parentPort, workerData } from "node:worker_threads";
import { PROJECTIONS } from "../projections/read-models.ts";
import type { RebuildStatus } from "../projections/rebuilding/generation-builder.ts";
import type { GenerationId } from "../projections/rebuilding/generations.ts";
import { ProjectionHost } from "../projections/running/projection-host.ts";
import type { RebuildAnswer } from "../projections/running/projection-host.ts";
import type { ProjectionStatus } from "../projections/running/runner.ts";
import { systemClock } from "../runtime/clock.ts";
import { followLog } from "./open-log.ts";
import type { LogSource } from "./open-log.ts";
import { openReadModelsForWriting } from "./open-read-models.ts";
import type { ReadModelSource } from "./open-read-models.ts";

/** What the thread is started with. */
export interface ProjectionThreadData {
  readonly log: LogSource;
  readonly readModels: ReadModelSource;
}

/** The messages to the thread. */
export type ProjectionThreadRequest =
  { readonly kind: "stop" } | { readonly kind: "rebuild" | "cancel"; readonly id: number; readonly name: string };

/** What the thread says. */
export type ProjectionThreadMessage =
  | { readonly kind: "status"; readonly status: ProjectionStatus }
  | { readonly kind: "failure"; readonly name: string; readonly message: string; readonly restartInMs: number }
  | { readonly kind: "reset"; readonly reason: string }
  | { readonly kind: "live"; readonly name: string; readonly generationId: GenerationId }
  | { readonly kind: "rebuild"; readonly name: string; readonly status: RebuildStatus | null }
  | { readonly kind: "answer"; readonly id: number; readonly answer: RebuildAnswer }
  | { readonly kind: "answer"; readonly id: number; readonly answer: null; readonly reason: string };

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
  let host: ProjectionHost | null = null;
  port.on("message", (request: ProjectionThreadRequest) => {
    if (request.kind === "stop") stop.abort();
    else if (host !== null) void answer(host, request, say);
    else say({ kind: "answer", id: request.id, answer: null, reason: "the projections are just starting" });
  });
  const log = await followLog(data.log);
  const documents = await openReadModelsForWriting(data.readModels, (reason) => say({ kind: "reset", reason }));
  const reports = {
    status: (status: ProjectionStatus) => say({ kind: "status", status }),
    failure: (name: string, message: string, restartInMs: number) =>
      say({ kind: "failure", name, message, restartInMs }),
    reset: (name: string) =>
      say({ kind: "reset", reason: `${name} came from another log, or from a later state of this one` }),
    live: (name: string, generationId: GenerationId) => say({ kind: "live", name, generationId }),
    rebuild: (name: string, status: RebuildStatus | null) => say({ kind: "rebuild", name, status }),
  };
  host = new ProjectionHost(PROJECTIONS, log, documents, systemClock, reports);
  await host.run(stop.signal);
  await documents.close();
  await log.close();
  port.close();
}

/** Does what an operator wants, and says what came of it. */
async function answer(
  host: ProjectionHost,
  { kind, id, name }: Extract<ProjectionThreadRequest, { id: number }>,
  say: (message: ProjectionThreadMessage) => void,
): Promise<void> {
  try {
    say({ kind: "answer", id, answer: await host[kind](name) });
  } catch (error) {
    say({ kind: "answer", id, answer: null, reason: error instanceof Error ? error.message : String(error) });
  }
}

await run();
