import type { Position as ServerPlace } from "@eventstore/db-client";
import { StoreUnavailable } from "../event-store-errors.ts";
import { positionOf } from "../position.ts";
import type { Position } from "../position.ts";
import { Backoff } from "./backoff.ts";
import { reasonOf } from "./grpc-status.ts";
import { LogSubscription } from "./log-subscription.ts";
import type { EventReader } from "./read-events.ts";
import type { FoundEvent } from "./recorded-event.ts";
import type { ServerCalls } from "./server-calls.ts";
import { serverPlaceOf } from "./server-place.ts";
import type { StreamNames } from "./stream-names.ts";

/** How many events the server looks through at a time for those that are asked for. */
const WINDOW = 1_024;

/** A part of the log that is to be read, wherever it ends. */
export interface Scan {
  /** Exclusive; null: from the beginning. */
  readonly after: Position | null;
  /** Of which categories; undefined: all. */
  readonly categories: readonly string[] | undefined;
  /** It ends when everything up to this place was given; what comes behind it may be given too. */
  readonly until: Position;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** How long the server may say nothing, in ms. */
  readonly silenceMs: number;
  /** For how long, in ms, it is begun again without getting any further. */
  readonly patienceMs: number;
  /** Is told whenever the server answers (null), or does not. */
  readonly connection?: (reason: string | null) => void;
}

export interface ScannedLog {
  readonly calls: Pick<ServerCalls, "read">;
  readonly names: StreamNames;
  readonly reader: Pick<EventReader, "at">;
}

/**
 * Reads a part of the log by a subscription, which tells how far it has come also where nothing is found for long. Calls
 * break, end without an error and stall; each time another one goes on where it was.
 *
 * @throws StoreUnavailable when it gets no further for as long as `patienceMs`
 */
export async function* scanLog(log: ScannedLog, scan: Scan): AsyncGenerator<FoundEvent> {
  let given = scan.after;
  let checkpoint: ServerPlace | null = null;
  let progressAt = performance.now();
  const backoff = new Backoff();
  const isOver = (): boolean => scan.signal.aborted;
  while (!isOver()) {
    try {
      const place = await resumePlace(log, given, checkpoint);
      checkpoint = null;
      for await (const news of newsBehind(log, scan, place)) {
        if (news.kind === "event") {
          const { event } = news;
          // Of a place between two events the server says by itself what comes behind it.
          if (given !== null && event.position <= given) continue;
          given = event.position;
          checkpoint = null;
          yield event;
          if (event.position >= scan.until) return;
        } else if (news.kind === "caughtUp") {
          return;
        } else if (news.kind === "checkpoint") {
          if (news.place === null) continue;
          checkpoint = news.place;
          if (checkpoint.commit > BigInt(scan.until)) return;
        }
        progressAt = performance.now();
        backoff.reset();
      }
    } catch (error) {
      if (isOver()) return;
      scan.connection?.(reasonOf(error));
      if (performance.now() - progressAt >= scan.patienceMs) {
        if (error instanceof StoreUnavailable) throw error;
        throw new StoreUnavailable(`the event store cannot be read: ${reasonOf(error)}`, { cause: error });
      }
    }
    await backoff.wait(scan.signal);
  }
}

/** What one call says, until it ends. Throws what it fails with, and StoreUnavailable when it says nothing for long. */
async function* newsBehind(
  { calls, names }: ScannedLog,
  { categories, signal, silenceMs, connection }: Scan,
  place: ServerPlace | null,
): AsyncGenerator<NonNullable<ReturnType<LogSubscription["next"]>>> {
  const filter = { prefixes: names.prefixes(categories), window: WINDOW };
  const subscription = await LogSubscription.open(calls, names, place ?? "start", filter);
  const wake = (): void => subscription.wake();
  signal.addEventListener("abort", wake);
  try {
    let confirmed = false;
    while (!signal.aborted) {
      const news = subscription.next();
      if (news !== null) {
        if (!confirmed) connection?.(null);
        confirmed = true;
        yield news;
      } else if (subscription.ended) {
        return;
      } else if (!(await subscription.changed(silenceMs))) {
        throw new StoreUnavailable(`the event store sent nothing of what is due for ${silenceMs} ms`);
      }
    }
  } finally {
    signal.removeEventListener("abort", wake);
    subscription.cancel();
  }
}

/**
 * Where the next call begins: behind the last event that was given, or at the server's own checkpoint, which may be much
 * further. One with equal numbers is where an event was looked at, unless there is none: then it is not trusted.
 */
async function resumePlace(
  { reader }: ScannedLog,
  given: Position | null,
  checkpoint: ServerPlace | null,
): Promise<ServerPlace | null> {
  const behindGiven = given === null ? null : serverPlaceOf(given);
  if (checkpoint === null || checkpoint.commit <= (behindGiven?.commit ?? -1n)) return behindGiven;
  if (checkpoint.commit !== checkpoint.prepare) return checkpoint;
  return (await reader.at(positionOf(checkpoint.commit))) === null ? behindGiven : checkpoint;
}
