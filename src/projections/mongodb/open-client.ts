import { MongoClient } from "mongodb";
import { ReadModelsUnusable } from "./read-models-unusable.ts";
import { within } from "./time-limit.ts";

/** The database when the URL names none. */
const DATABASE = "webhook_gateway";
/** How long a server may be looked for, and a connection may take, in ms. */
const SELECTION_MS = 2_000;
/** How often the server is asked whether it is well, in ms: so soon calls under way end when it says nothing any more. */
const HEARTBEAT_MS = 2_000;
/** How long the first questions may take, in ms. */
const OPENING_MS = 10_000;

/** A client that has reached its server, and the name of the database. */
export interface OpenedClient {
  readonly client: MongoClient;
  readonly database: string;
}

/**
 * Connects and asks the server whether it takes us.
 *
 * @throws ReadModelsUnusable with one line that repeats nothing of the URL
 */
export async function openClient(url: string): Promise<OpenedClient> {
  const named = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1];
  const database = named === undefined ? DATABASE : decodeURIComponent(named);
  let client: MongoClient | null = null;
  try {
    client = new MongoClient(url, {
      appName: "webhook-gateway",
      serverSelectionTimeoutMS: SELECTION_MS,
      connectTimeoutMS: SELECTION_MS,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      waitQueueTimeoutMS: SELECTION_MS,
      maxPoolSize: 20,
      writeConcern: { w: "majority", journal: true },
    });
    // Reads something, for a server that asks for credentials lets anybody ping.
    await within(OPENING_MS, client.db(database).collection("checkpoints").findOne({}));
    return { client, database };
  } catch (error) {
    await client?.close();
    throw new ReadModelsUnusable(whyNot(error), { cause: error });
  }
}

/** Why the server cannot be used, for whoever configured it; the driver's words hold no credentials but may hold a URL. */
function whyNot(error: unknown): string {
  const { name, message, code } = error as { name?: string; message?: string; code?: number | string };
  const [line = ""] = String(message).split("\n");
  if (code === 18 || code === 13 || /authentication|requires auth/i.test(line)) {
    return "MongoDB refuses the credentials: set the right user:password@ in its address";
  }
  if (name === "MongoParseError" || name === "MongoInvalidArgumentError" || name === "URIError") {
    return "the address of MongoDB cannot be used: it is not well formed";
  }
  if (/wire version/i.test(line)) return `MongoDB is too old for this program: ${line}`;
  return `MongoDB cannot be reached: ${line}; is it running, is the address right, and TLS as it wants it?`;
}
