import type { MongoClient } from "mongodb";
import { answeredWithin } from "./call-limit.ts";
import { CHECKPOINTS } from "./checkpoints.ts";
import { whyUnusable } from "./mongo-failures.ts";
import { ReadModelsUnusable } from "./read-models-unusable.ts";
import { readAddress } from "./server-address.ts";
import { writesAtOnce } from "./server-limits.ts";

/** How long the first calls may take, in ms. */
const OPENING_MS = 10_000;

/** A client that has reached its server. */
export interface OpenedClient {
  readonly client: MongoClient;
  /** The name of the database. */
  readonly database: string;
  /** How many writes the server accepts in one command. */
  readonly writesAtOnce: number;
}

/**
 * Connects, and checks that the server accepts us.
 *
 * @throws ReadModelsUnusable with one line that repeats nothing from the URL except its hosts
 */
export async function openClient(url: string): Promise<OpenedClient> {
  const { client, database } = readAddress(url);
  try {
    const db = client.db(database);
    const buildInfo = await answeredWithin(OPENING_MS, db.command({ buildInfo: 1 }));
    // Also read something: a server with access control answers `buildInfo` without credentials.
    await answeredWithin(OPENING_MS, db.collection(CHECKPOINTS).findOne({}));
    return { client, database, writesAtOnce: writesAtOnce(buildInfo) };
  } catch (error) {
    await client.close();
    throw new ReadModelsUnusable(whyUnusable(error, false), { cause: error });
  }
}
