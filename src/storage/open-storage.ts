import type { Config } from "../config.ts";
import { openDataDirectory } from "../events/store/sqlite/files/data-directory.ts";
import type { DataDirectory } from "../events/store/sqlite/files/data-directory.ts";
import { PROJECTIONS } from "../projections/read-models.ts";
import { LiveDocuments } from "../projections/rebuilding/live-documents.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";
import { folderSizes } from "./folder-sizes.ts";
import { openLog } from "./open-log.ts";
import type { OpenLog } from "./open-log.ts";
import { openReadModels, readModelSourceOf } from "./open-read-models.ts";
import { ProjectionThread } from "./projection-thread.ts";
import type { LogReports, Storage } from "./storage.ts";

/**
 * Opens the log and the read models, each in the data folder or on its server. The folder is held until `close`, and
 * not touched if nothing is in it.
 *
 * @throws ConfigurationError, DataDirectoryInUse or DataDirectoryUnusable, with one line for the operator
 */
export async function openStorage(
  config: Pick<Config, "dataDir" | "eventStoreUrl" | "eventStoreStreamPrefix" | "mongodbUrl">,
  reports: LogReports,
): Promise<Storage> {
  const allOnServers = config.eventStoreUrl !== null && config.mongodbUrl !== null;
  const folder = allOnServers ? null : openDataDirectory(config.dataDir);
  const directory = folder?.path ?? null;
  const inFolder = { log: config.eventStoreUrl === null, readModels: config.mongodbUrl === null };
  let log: OpenLog | null = null;
  try {
    log = await openLog(config, folder, reports);
    const { store, source } = log;
    const readModels = readModelSourceOf(config, directory, source);
    const documents = await LiveDocuments.over(await openReadModels(readModels, store), PROJECTIONS);
    const thread = new ProjectionThread({ log: source, readModels }, documents);
    return {
      store,
      documents,
      sharedLog: source.kind !== "embedded",
      projections: thread,
      sizes: () => folderSizes(directory, inFolder),
      runProjections: (report, signal) => thread.run(report, signal),
      close: () => close(log, documents, folder),
    };
  } catch (error) {
    await close(log, null, folder);
    throw error;
  }
}

async function close(
  log: OpenLog | null,
  documents: DocumentStore | null,
  folder: DataDirectory | null,
): Promise<void> {
  await documents?.close();
  await log?.store.close();
  folder?.release();
}
