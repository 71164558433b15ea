import { MongoClient } from "mongodb";
import { CHECKPOINTS } from "./checkpoints.ts";
import { whyUnusable } from "./mongo-failures.ts";
import { ReadModelsUnusable } from "./read-models-unusable.ts";
import { writesAtOnce } from "./server-limits.ts";
import { within } from "./time-limit.ts";

/** The database when the URL names none. */
const DATABASE = "webhook_gateway";
/** How long a server may be looked for, and a connection may take, in ms. */
const SELECTION_MS = 2_000;
/** How often the server is asked whether it is well, in ms: so soon calls under way end when it says nothing any more. */
const HEARTBEAT_MS = 1_000;
/** How long the first questions may take, in ms. */
const OPENING_MS = 10_000;

/** A client that has reached its server. */
export interface OpenedClient {
  readonly client: MongoClient;
  /** The name of the database. */
  readonly database: string;
  /** How many writes the server takes in one command. */
  readonly writesAtOnce: number;
}

/**
 * Connects and asks the server whether it takes us.
 *
 * @throws ReadModelsUnusable with one line that repeats nothing of the URL but its hosts
 */
export async function openClient(url: string): Promise<OpenedClient> {
  const { client, database } = readAddress(url);
  try {
    const db = client.db(database);
    const buildInfo = await within(OPENING_MS, db.command({ buildInfo: 1 }));
    // Reads something, for a server that asks for credentials lets anybody ask that.
    await within(OPENING_MS, db.collection(CHECKPOINTS).findOne({}));
    return { client, database, writesAtOnce: writesAtOnce(buildInfo) };
  } catch (error) {
    await client.close();
    throw new ReadModelsUnusable(whyUnusable(error, false), { cause: error });
  }
}

function readAddress(url: string): Pick<OpenedClient, "client" | "database"> {
  try {
    const named = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1];
    const client = new MongoClient(url, {
      appName: "webhook-gateway",
      serverSelectionTimeoutMS: SELECTION_MS,
      connectTimeoutMS: SELECTION_MS,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      waitQueueTimeoutMS: SELECTION_MS,
      maxPoolSize: 20,
      // Each by its own name, since only so they stand above what the URL says: these are promises of the port.
      w: "majority",
      journal: true,
      readPreference: "primary",
    });
    return { client, database: named === undefined ? DATABASE : decodeURIComponent(named) };
  } catch (error) {
    // Without the cause, which may repeat the address.
    throw new ReadModelsUnusable(whyUnusable(error, true));
  }
}
