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
import { OLDEST_SERVER, openingFailureOf, withTlsAnswer } from "./opening-failure.ts";
import type { OpeningFailure } from "./opening-failure.ts";
import { probeTls } from "./tls-probe.ts";

/** How long to wait for a server that is starting or electing its leader, in ms. */
const OPENING_MS = 30_000;
/**
 * In ms: how long one try may take, how long its read may take (so that its error is known), and the pause between
 * tries.
 */
const TRY_MS = 10_000;
const READING_MS = 3_000;
const RETRY_MS = 500;
/** How often `onWaiting` is called, in ms. */
const REPORT_EVERY_MS = 5_000;
/** How long the client may take to end its calls, in ms. */
const ENDING_MS = 1_000;

export interface OpeningOptions {
  /** Called every 5 s while waiting for the server, with the reason and the seconds so far. */
  readonly onWaiting?: (reason: string, seconds: number) => void;
  /** How long to wait for the server, in ms. Default 30,000. */
  readonly openingMs?: number;
  /** How often `onWaiting` is called, in ms. Default 5,000. */
  readonly reportEveryMs?: number;
}

/**
 * Connects, and checks the server's version and that its log can be read. Waits for a server that refuses connections
 * or has no leader yet; an error that will not pass ends the wait at once.
 *
 * @throws EventStoreUnusable with one line that repeats nothing from the URL except the server's address
 */
export async function openServer(
  url: string,
  { onWaiting, openingMs = OPENING_MS, reportEveryMs = REPORT_EVERY_MS }: OpeningOptions = {},
): Promise<ServerCalls> {
  const begunAt = performance.now();
  const elapsed = (): number => performance.now() - begunAt;
  let failure: OpeningFailure | undefined;
  const reporting = setInterval(() => {
    onWaiting?.(failure?.reason ?? "it has not answered yet", Math.round(elapsed() / 1_000));
  }, reportEveryMs);
  try {
    for (let leftMs = openingMs; ; leftMs = openingMs - elapsed()) {
      const outcome = await tryToOpen(url, Math.max(1, Math.ceil(Math.min(leftMs, TRY_MS))));
      if (outcome instanceof ServerCalls) return outcome;
      // A last try that ran out of time tells less than the failure before it.
      if (failure === undefined || !(outcome.cause instanceof NoAnswer)) failure = outcome;
      if (!failure.passing || elapsed() + RETRY_MS >= openingMs) {
        throw new EventStoreUnusable(failure.message, { cause: failure.cause });
      }
      await pause(RETRY_MS);
    }
  } finally {
    clearInterval(reporting);
  }
}

async function tryToOpen(url: string, milliseconds: number): Promise<ServerCalls | OpeningFailure> {
  // The password is checked before the client sees the URL.
  const credentials = credentialsOf(url);
  const client = newClient(url);
  const calls = new ServerCalls(client, credentials);
  try {
    await withinTime(
      check(client, calls, milliseconds),
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
    // The client has already read this file, or the error would be another.
    const ca = tls && caFile !== undefined ? readFileSync(caFile) : undefined;
    return withTlsAnswer(failure, tls, await probeTls({ host, port }, ca));
  }
}

class NoAnswer extends Error {}

async function check(client: EventStoreDBClient, calls: ServerCalls, milliseconds: number): Promise<void> {
  await refuseOldServer(client);
  const readingMs = Math.max(1, Math.min(READING_MS, Math.ceil(milliseconds / 2)));
  await new EventReader(calls, new StreamNames(""), readingMs).end();
}

function newClient(url: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url);
  } catch (error) {
    // The parser's messages repeat parts of the URL; those about the files that it names do not.
    const reason = reasonOf(error);
    const harmless = /^(Failed to load certificate|userCertFile must|Invalid (keepAlive|defaultDeadline))/.test(reason);
    throw new EventStoreUnusable(
      `the address of the event store cannot be used: ${harmless ? reason : "it is not well formed"}`,
    );
  }
}

async function refuseOldServer(client: EventStoreDBClient): Promise<void> {
  // The client asks the server once by itself; its public types hide the answer.
  const capabilities = Reflect.get(client, "capabilities") as Promise<{ readonly serverVersion: string }>;
  const { serverVersion: version } = await capabilities;
  if (isRecent(version)) return;
  const oldest = OLDEST_SERVER.join(".");
  // A server without version information fails that question, and the client then says "unknown".
  if (!/^\d/.test(version))
    throw new EventStoreUnusable(
      `the server at the event store's address is not EventStoreDB ${oldest} or later: it does not report its version`,
    );
  throw new EventStoreUnusable(
    `the event store has version ${version}, but ${oldest} or later is needed: upgrade the server`,
  );
}

function isRecent(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  return Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
}
