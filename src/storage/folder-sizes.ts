import { stat, statfs } from "node:fs/promises";
import { logPath } from "../events/store/sqlite/files/log-file.ts";
import { readModelsPath } from "../projections/store/sqlite/read-models-file.ts";
import type { StorageSizes } from "./storage.ts";

/**
 * How large the stores in the data folder are, and how much room its disk has. A few calls of the system, none of them on
 * this thread.
 *
 * @param directory the data folder; null: both stores are on servers
 * @param inFolder which of the stores are in it
 * @throws what the system says when the folder cannot be looked at
 */
export async function folderSizes(
  directory: string | null,
  inFolder: { readonly log: boolean; readonly readModels: boolean },
): Promise<StorageSizes> {
  if (directory === null) return { eventLogBytes: null, readModelsBytes: null, diskFreeBytes: null };
  const [eventLogBytes, readModelsBytes, { bavail, bsize }] = await Promise.all([
    inFolder.log ? databaseBytes(logPath(directory)) : null,
    inFolder.readModels ? databaseBytes(readModelsPath(directory)) : null,
    statfs(directory),
  ]);
  return { eventLogBytes, readModelsBytes, diskFreeBytes: bavail * bsize };
}

/** Of the database and of what SQLite keeps beside it. */
async function databaseBytes(path: string): Promise<number> {
  const sizes = await Promise.all([path, `${path}-wal`, `${path}-shm`].map(fileBytes));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function fileBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
