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

/** How each thread opens the read models. */
export type ReadModelSource =
  /** `logId` names the log that they are built from: those of another log are rebuilt. */
  | { readonly kind: "embedded"; readonly directory: string; readonly logId: string }
  | { readonly kind: "mongodb"; readonly url: string };

/**
 * Where the read models of this log are: in MongoDB if MONGODB_URL is set, otherwise in the data folder.
 *
 * @param directory the data folder, which this process holds; null if nothing is in it
 */
export function readModelSourceOf(
  config: Pick<Config, "mongodbUrl">,
  directory: string | null,
  log: LogSource,
): ReadModelSource {
  if (config.mongodbUrl !== null) return { kind: "mongodb", url: config.mongodbUrl };
  if (directory === null) throw new TypeError("the embedded read models need a data folder");
  return { kind: "embedded", directory, logId: logIdOf(log) };
}

/**
 * The id of this log, for read models in a data folder. For a log on EventStoreDB it is the prefix of its streams;
 * earlier versions, whose streams had none, used `eventstoredb` alone.
 */
function logIdOf(log: LogSource): string {
  return log.kind === "embedded" ? log.logId : `${log.kind} ${log.prefix}`;
}

/**
 * Opens the read models for reading, and checks that they belong to this log.
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
        "set the database of this log, or an empty one, in which they are built from the log " +
        "(with another EVENTSTORE_STREAM_PREFIX it is another log)";
      throw new ConfigurationError(`MONGODB_URL: ${error.message}; ${hint}`);
    }
    throw error;
  }
}

/**
 * Opens the read models for comparison with a log that may no longer be their own, so that is not checked. Missing ones
 * read as empty.
 *
 * @throws ConfigurationError in one line that names the variable when they cannot be used
 */
export async function openReadModelsToCompare(config: Pick<Config, "dataDir" | "mongodbUrl">): Promise<DocumentStore> {
  const { dataDir, mongodbUrl: url } = config;
  let documents: DocumentStore | null = null;
  try {
    documents =
      url === null ? SqliteDocumentStore.open(dataDir, { readOnly: true, guest: true }) : await openMongoDb(url);
    return await LiveDocuments.over(documents, PROJECTIONS);
  } catch (error) {
    await documents?.close();
    if (error instanceof ReadModelsUnusable) throw new ConfigurationError(`MONGODB_URL: ${error.message}`);
    throw error;
  }
}

/** Opens the read models for writing, in the one thread that folds the log into them. */
export async function openReadModelsForWriting(
  source: ReadModelSource,
  onReset: (reason: string) => void,
): Promise<DocumentStore> {
  if (source.kind === "mongodb") return openMongoDb(source.url);
  return SqliteDocumentStore.open(source.directory, { logId: source.logId, onReset });
}

/** Loads the driver only when needed, because loading it takes a fraction of a second. Throws what opening throws. */
async function openMongoDb(url: string): Promise<DocumentStore> {
  const { MongoDocumentStore } = await import("../projections/store/mongodb/mongo-document-store.ts");
  return MongoDocumentStore.open({ url });
}
