import { AccessDeniedError, EventStoreDBClient } from "@eventstore/db-client";
import type { Credentials } from "@eventstore/db-client";
import { credentialsOf } from "./connection-url.ts";
import { EventStoreUnusable } from "./eventstore-unusable.ts";
import { reasonOf } from "./grpc-status.ts";
import { GuardedConnection } from "./guarded-connection.ts";
import { EventReader } from "./read-events.ts";
import { withinTime } from "./time-limit.ts";

/** How long the server may take to answer the first questions, all together, in ms. */
const OPENING_MS = 10_000;
/** How long the client may take to end its calls, in ms. */
const ENDING_MS = 1_000;
/** The first line of servers that say when a subscription has caught up. */
const OLDEST = [23, 10] as const;

/** A client that has reached its server, its connection, and the credentials for each of its appends. */
export interface OpenedClient {
  readonly client: EventStoreDBClient;
  readonly connection: GuardedConnection;
  readonly credentials: Credentials;
}

/**
 * Connects, and asks the server for its version and for the end of its log.
 *
 * @param openingMs how long all of that may take, in ms
 * @throws EventStoreUnusable with one line that repeats nothing of the URL but where the server is
 */
export async function openClient(url: string, openingMs: number = OPENING_MS): Promise<OpenedClient> {
  const credentials = credentialsOf(url);
  const client = newClient(url);
  const connection = new GuardedConnection(client);
  try {
    await withinTime(
      refuseOldServer(client).then(() => new EventReader(client, openingMs).head()),
      openingMs,
      () => new EventStoreUnusable(unreachable(`no answer within ${openingMs} ms`)),
    );
  } catch (error) {
    await connection.close(ENDING_MS);
    if (error instanceof EventStoreUnusable) throw error;
    throw new EventStoreUnusable(whyNot(error), { cause: error });
  }
  return { client, connection, credentials };
}

function newClient(url: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url);
  } catch (error) {
    // What its parser says repeats parts of the URL; what it says of the files that are named there does not.
    const reason = reasonOf(error);
    const harmless = /^(Failed to load certificate|userCertFile must|Invalid (keepAlive|defaultDeadline))/.test(reason);
    throw new EventStoreUnusable(
      `the address of the event store cannot be used: ${harmless ? reason : "it is not well formed"}`,
    );
  }
}

async function refuseOldServer(client: EventStoreDBClient): Promise<void> {
  // The client asks for them once by itself, and keeps the answer from its users' types.
  const capabilities = Reflect.get(client, "capabilities") as Promise<{ readonly serverVersion: string }>;
  const { serverVersion: version } = await capabilities;
  if (isRecent(version)) return;
  // A server that has no such question answered otherwise: the client then says "unknown".
  if (!/^\d/.test(version)) throw new EventStoreUnusable(notAnEventStore("it does not tell its version"));
  throw new EventStoreUnusable(
    `the event store has version ${version}, and this program needs ${OLDEST.join(".")} or later: upgrade the server`,
  );
}

function isRecent(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
}

/** Why the server cannot be used, for whoever configured it. */
function whyNot(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const reason = reasonOf(cause);
  if (cause instanceof AccessDeniedError || /^(7 PERMISSION_DENIED|16 UNAUTHENTICATED)/.test(reason)) {
    return (
      "the event store refuses the credentials: set the right user:password@ in its address, " +
      "of a user who may read $all and write"
    );
  }
  if (/UNIMPLEMENTED|Received HTTP status code/.test(reason)) return notAnEventStore(reason);
  return unreachable(reason);
}

function notAnEventStore(reason: string): string {
  return `what answers at the address of the event store is no EventStoreDB of ${OLDEST.join(".")} or later: ${reason}`;
}

function unreachable(reason: string): string {
  if (/wrong version number|packet length too long/i.test(reason)) {
    return "the event store cannot be reached: it does not use TLS; add ?tls=false to its address, or have it use TLS";
  }
  if (/certificate|altname/i.test(reason)) {
    const advice = "name the authority's certificate with ?tlsCAFile=, and the host as the certificate does";
    return `the event store cannot be reached: its certificate is not accepted (${plain(reason)}); ${advice}`;
  }
  return `the event store cannot be reached: ${plain(reason)}; is it running, is the address right, and TLS as it wants it?`;
}

/** What gRPC says, without what only tells where it says so. */
function plain(reason: string): string {
  return reason
    .replace(/^14 UNAVAILABLE: /, "")
    .replace(/^No connection established\. Last error: (Error: )?/, "")
    .replace(/ \(\d{4}-[^)]*Z\)/, "")
    .replace(/[. ]*(Resolution note:)?[. ]*$/, "");
}
