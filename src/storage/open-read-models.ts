import type { Config } from "../config.ts";
import type { EventStore } from "../events/store/event-store.ts";
import { PROJECTIONS } from "../projections/read-models.ts";
import { LiveDocuments } from "../projections/rebuilding/live-documents.ts";
import { ReadModelsOfAnotherLog, refuseAnotherLog } from "../projections/running/another-log.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";
import { ReadModelsUnusable } from "../projections/store/mongodb/read-models-unusable.ts";
import { SqliteDocumentStore } from "../projections/store/sqlite/sqlite-document-store.ts";
import { ConfigurationError } from "../runtime/configuration-error.ts";
import type { LogSource } from "./open-log.ts";

/** How each thread opens the read models for itself. */
export type ReadModelSource =
  /** `logId` names the log that they are made from: those of another are rebuilt. */
  | { readonly kind: "embedded"; readonly directory: string; readonly logId: string }
  | { readonly kind: "mongodb"; readonly url: string };

/**
 * Where the read models of this log are: in MongoDB where MONGODB_URL names one, else in the data folder.
 *
 * @param directory the data folder, which this process holds; null when nothing is in it
 */
export function readModelSourceOf(
  config: Pick<Config, "mongodbUrl">,
  directory: string | null,
  log: LogSource,
): ReadModelSource {
  if (config.mongodbUrl !== null) return { kind: "mongodb", url: config.mongodbUrl };
  if (directory === null) throw new TypeError("the embedded read models are in a data folder");
  return { kind: "embedded", directory, logId: logIdOf(log) };
}

/**
 * Which log this is, for read models that are in a folder of their own. A log of EventStoreDB is known by the prefix of its
 * streams; earlier versions, whose streams had none, called it `eventstoredb` alone.
 */
function logIdOf(log: LogSource): string {
  return log.kind === "embedded" ? log.logId : `${log.kind} ${log.prefix}`;
}

/**
 * Opens the read models to be read, and looks whether they belong to this log.
 *
 * @throws ConfigurationError in one line that names the variable when they cannot be used
 */
export async function openReadModels(source: ReadModelSource, log: Pick<EventStore, "idAt">): Promise<DocumentStore> {
  if (source.kind === "embedded") return SqliteDocumentStore.open(source.directory, { ...source, readOnly: true });
  let documents: DocumentStore | null = null;
  try {
    documents = await openMongoDb(source.url);
    await refuseAnotherLog(PROJECTIONS, log, documents);
    return documents;
  } catch (error) {
    await documents?.close();
    if (error instanceof ReadModelsUnusable) throw new ConfigurationError(`MONGODB_URL: ${error.message}`);
    if (error instanceof ReadModelsOfAnotherLog) {
      const hint =
        "set the database of this log, or an empty one, in which they are made from the log " +
        "(with another EVENTSTORE_STREAM_PREFIX it is another log)";
      throw new ConfigurationError(`MONGODB_URL: ${error.message}; ${hint}`);
    }
    throw error;
  }
}

/**
 * Opens the read models to compare a log with them that may no longer be the one that they were made from, which is
 * therefore not looked at. Where there are none they read as empty.
 *
 * @throws ConfigurationError in one line that names the variable when they cannot be used
 */
export async function openReadModelsToCompare(config: Pick<Config, "dataDir" | "mongodbUrl">): Promise<DocumentStore> {
  const { dataDir, mongodbUrl: url } = config;
  let documents: DocumentStore | null = null;
  try {
    documents = url === null ? SqliteDocumentStore.open(dataDir, { readOnly: true }) : await openMongoDb(url);
    return await LiveDocuments.over(documents, PROJECTIONS);
  } catch (error) {
    await documents?.close();
    if (error instanceof ReadModelsUnusable) throw new ConfigurationError(`MONGODB_URL: ${error.message}`);
    throw error;
  }
}

/** Opens the read models to be written, in the one thread that folds the log into them. */
export async function openReadModelsForWriting(
  source: ReadModelSource,
  onReset: (reason: string) => void,
): Promise<DocumentStore> {
  if (source.kind === "mongodb") return openMongoDb(source.url);
  return SqliteDocumentStore.open(source.directory, { logId: source.logId, onReset });
}

/** Loads the driver only when it is used, since loading it takes a part of a second. Throws what opening throws. */
async function openMongoDb(url: string): Promise<DocumentStore> {
  const { MongoDocumentStore } = await import("../projections/store/mongodb/mongo-document-store.ts");
  return MongoDocumentStore.open({ url });
}
