import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { EventStoreDBClient } from "@eventstore/db-client";
import { withinTime } from "../../../../runtime/time-limit.ts";
import { EventReader } from "../reading/read-events.ts";
import { ServerCalls } from "../server-calls.ts";
import { StreamNames } from "../stream-names.ts";
import { reasonOf } from "../wire/grpc-status.ts";
import { credentialsOf, firstServerOf } from "./connection-url.ts";
import { EventStoreUnusable } from "./eventstore-unusable.ts";
import { lookedForTls, OLDEST_SERVER, openingFailureOf } from "./opening-failure.ts";
import type { OpeningFailure } from "./opening-failure.ts";
import { lookForTls } from "./tls-look.ts";

/** How long a server that is starting, or electing its leader, is waited for, in ms. */
const OPENING_MS = 30_000;
/** How long one try may take, in ms, how much of it the reading, so that what it failed with is known, and what lies between two. */
const TRY_MS = 10_000;
const READING_MS = 3_000;
const AGAIN_MS = 500;
/** How often it is reported that a server is waited for, in ms. */
const TELLING_MS = 5_000;
/** How long the client may take to end its calls, in ms. */
const ENDING_MS = 1_000;

export interface OpeningOptions {
  /** Told every 5 s while the server is waited for: why, and for how many seconds. */
  readonly onWaiting?: (reason: string, seconds: number) => void;
  /** How long the server is waited for, in ms. Default 30,000. */
  readonly openingMs?: number;
  /** How often `onWaiting` is called, in ms. Default 5,000. */
  readonly tellingMs?: number;
}

/**
 * Connects, and asks the server for its version and for the end of its log. One that refuses connections or has no leader
 * yet is waited for; what will not change by itself ends it at once.
 *
 * @throws EventStoreUnusable with one line that repeats nothing of the URL but where the server is
 */
export async function openServer(
  url: string,
  { onWaiting, openingMs = OPENING_MS, tellingMs = TELLING_MS }: OpeningOptions = {},
): Promise<ServerCalls> {
  const begunAt = performance.now();
  const elapsed = (): number => performance.now() - begunAt;
  let failure: OpeningFailure | undefined;
  const telling = setInterval(() => {
    onWaiting?.(failure?.reason ?? "it has not answered yet", Math.round(elapsed() / 1_000));
  }, tellingMs);
  try {
    for (;;) {
      const outcome = await tryToOpen(url, Math.max(1, Math.ceil(Math.min(openingMs - elapsed(), TRY_MS))));
      if (outcome instanceof ServerCalls) return outcome;
      // That there was no time left for the last try is no reason.
      if (failure === undefined || !(outcome.cause instanceof NoAnswer)) failure = outcome;
      if (!failure.passing || elapsed() + AGAIN_MS >= openingMs) {
        throw new EventStoreUnusable(failure.message, { cause: failure.cause });
      }
      await pause(AGAIN_MS);
    }
  } finally {
    clearInterval(telling);
  }
}

async function tryToOpen(url: string, milliseconds: number): Promise<ServerCalls | OpeningFailure> {
  // The password is checked before the client sees the URL.
  const credentials = credentialsOf(url);
  const client = newClient(url);
  const calls = new ServerCalls(client, credentials);
  try {
    await withinTime(
      look(client, calls, milliseconds),
      milliseconds,
      () => new NoAnswer(`no answer within ${milliseconds} ms`),
    );
    return calls;
  } catch (error) {
    await calls.close(ENDING_MS);
    if (error instanceof EventStoreUnusable) throw error;
    const failure = openingFailureOf(error);
    if (!failure.passing || error instanceof NoAnswer) return failure;
    const { host, port, tls, caFile } = firstServerOf(url);
    // The client has read it too, or there would be another error.
    const ca = tls && caFile !== undefined ? readFileSync(caFile) : undefined;
    return lookedForTls(failure, tls, await lookForTls({ host, port }, ca));
  }
}

class NoAnswer extends Error {}

async function look(client: EventStoreDBClient, calls: ServerCalls, milliseconds: number): Promise<void> {
  await refuseOldServer(client);
  const readingMs = Math.max(1, Math.min(READING_MS, Math.ceil(milliseconds / 2)));
  await new EventReader(calls, new StreamNames(""), readingMs).end();
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
  const oldest = OLDEST_SERVER.join(".");
  // A server that has no such question answered otherwise: the client then says "unknown".
  if (!/^\d/.test(version))
    throw new EventStoreUnusable(
      `what answers at the address of the event store is no EventStoreDB of ${oldest} or later: it does not tell its version`,
    );
  throw new EventStoreUnusable(
    `the event store has version ${version}, and this program needs ${oldest} or later: upgrade the server`,
  );
}

function isRecent(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  return Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
}
