import { MongoClient } from "mongodb";
import { whyUnusable } from "./mongo-failures.ts";
import { ReadModelsUnusable } from "./read-models-unusable.ts";

/** The database when the URL names none. */
const DATABASE = "webhook_gateway";
/** How long selecting a server, or connecting, may take, in ms. */
const SELECTION_MS = 2_000;
/** How often the server's health is checked, in ms: calls to a server that has gone silent fail this soon. */
const HEARTBEAT_MS = 1_000;

/**
 * A client for the address, not yet connected, and the name of the database.
 *
 * @throws ReadModelsUnusable when it is not a valid MongoDB address
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
      // Set separately, because only so do these promises of the port override the URL.
      w: "majority",
      journal: true,
      readPreference: "primary",
    });
    return { client, database: named === undefined ? DATABASE : decodeURIComponent(named) };
  } catch (error) {
    // No cause, because it may repeat the address.
    throw new ReadModelsUnusable(whyUnusable(error, true));
  }
}
