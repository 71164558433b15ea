import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { openDataDirectory } from "./events/sqlite/data-directory.ts";
import { SqliteEventStore } from "./events/sqlite/sqlite-event-store.ts";
import type { ProjectionThreadData, ProjectionThreadMessage } from "./projection-thread.ts";
import type { ProjectionReports } from "./projections/projection-host.ts";
import { SqliteDocumentStore } from "./projections/sqlite/sqlite-document-store.ts";
import type { Storage } from "./storage.ts";

/**
 * Opens the log and the read models of a data folder and holds the folder until `close`.
 *
 * @param onFault is told once when the log can take no event any more until a restart
 * @throws DataDirectoryInUse or DataDirectoryUnusable, with one line for the person who started the program
 */
export async function openEmbeddedStorage(
  dataDir: string,
  logger: Logger,
  onFault: (error: Error) => void,
): Promise<Storage & { readonly directory: string }> {
  const folder = openDataDirectory(dataDir);
  try {
    const store = await SqliteEventStore.open({ directory: folder.path, onFault });
    const documents = SqliteDocumentStore.open(folder.path, { readOnly: true, logId: store.logId });
    const data: ProjectionThreadData = { directory: folder.path, signal: store.signal };
    return {
      directory: folder.path,
      store,
      documents,
      runProjections: (reports, signal) => runInThread(data, reports, logger, signal),
      close: async () => {
        await documents.close();
        await store.close();
        folder.release();
      },
    };
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** Runs the projections in a thread until the signal aborts; rejects when the thread ends by itself. */
function runInThread(
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
