import { EventStoreDBClient } from "@eventstore/db-client";
import type { Credentials } from "@eventstore/db-client";
import { EventStoreUnusable } from "./eventstore-unusable.ts";
import { reasonOf } from "./grpc-status.ts";
import { EventReader } from "./read-events.ts";

/** How long the server may take to answer the first questions, in ms. */
const OPENING_MS = 10_000;
/** The first line of servers that say when a subscription has caught up. */
const OLDEST = [23, 10] as const;

/** A client that has reached its server, and the credentials for each of its appends. */
export interface OpenedClient {
  readonly client: EventStoreDBClient;
  readonly credentials: Credentials;
}

/**
 * Connects, and asks the server for its version and for the end of its log.
 *
 * @throws EventStoreUnusable with one line that repeats nothing of the URL but where the server is
 */
export async function openClient(url: string): Promise<OpenedClient> {
  const credentials = credentialsOf(url);
  let client: EventStoreDBClient;
  try {
    client = EventStoreDBClient.connectionString(url);
  } catch (error) {
    const reason = /certificate|userKeyFile/i.test(reasonOf(error)) ? reasonOf(error) : "it is not well formed";
    throw new EventStoreUnusable(`the address of the event store cannot be used: ${reason}`);
  }
  try {
    const { serverVersion: version } = await inTime(capabilitiesOf(client));
    if (!isRecent(version)) {
      throw new EventStoreUnusable(
        `the event store has version ${version}, and this program needs ${OLDEST.join(".")} or later: upgrade the server`,
      );
    }
    await inTime(new EventReader(client, OPENING_MS).head());
  } catch (error) {
    await client.dispose();
    if (error instanceof EventStoreUnusable) throw error;
    throw new EventStoreUnusable(whyNot(error), { cause: error });
  }
  return { client, credentials };
}

/**
 * The credentials of the URL. Every append passes them, since the client sends an append without any through a stream
 * that it shares among all appends of the process, where one that goes wrong can leave others unanswered for ever.
 * Without TLS they are never sent, so that any will do.
 */
function credentialsOf(url: string): Credentials {
  const [, username, password] = /^[^/]+:\/\/([^:@/]+):([^@/]+)@/.exec(url) ?? [];
  if (username !== undefined && password !== undefined) {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  }
  if (!/[?&]tls=false(&|$)/i.test(url)) {
    throw new EventStoreUnusable("the address of the event store needs user:password@ before the host, or ?tls=false");
  }
  return { username: "anonymous", password: "anonymous" };
}

/** The client asks for them once by itself, and keeps the answer from its users' types. */
function capabilitiesOf(client: EventStoreDBClient): Promise<{ readonly serverVersion: string }> {
  return Reflect.get(client, "capabilities") as Promise<{ readonly serverVersion: string }>;
}

function isRecent(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${OPENING_MS} ms`)), OPENING_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Why the server cannot be used, for whoever configured it. */
function whyNot(error: unknown): string {
  const reason = reasonOf(error);
  if (/access-denied|UNAUTHENTICATED|PERMISSION_DENIED/i.test(`${reason} ${typeOf(error)}`)) {
    return "the event store refuses the credentials: set the right user:password@ in its address";
  }
  return `the event store cannot be reached: ${reason}; is it running, is the address right, and TLS as it wants it?`;
}

function typeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && "type" in cause ? String(cause.type) : "";
}
