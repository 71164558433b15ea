import { MongoClient } from "mongodb";
import { whyUnusable } from "./mongo-failures.ts";
import { ReadModelsUnusable } from "./read-models-unusable.ts";

/** The database when the URL names none. */
const DATABASE = "webhook_gateway";
/** How long a server may be looked for, and a connection may take, in ms. */
const SELECTION_MS = 2_000;
/** How often the server is asked whether it is well, in ms: so soon calls under way end when it says nothing any more. */
const HEARTBEAT_MS = 1_000;

/**
 * A client for the address, which has not connected yet, and the name of the database.
 *
 * @throws ReadModelsUnusable when the address is not one of MongoDB
 */
export function readAddress(url: string): { readonly client: MongoClient; readonly database: string } {
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
