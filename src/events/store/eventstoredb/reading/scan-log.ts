import type { Position as ServerPlace } from "@eventstore/db-client";
import { LogReplaced, StoreUnavailable } from "../../event-store-errors.ts";
import { positionOf } from "../../position.ts";
import type { Position } from "../../position.ts";
import { Backoff } from "../backoff.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import { isInvalidPosition, reasonOf } from "../wire/grpc-status.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import type { ServerMessage } from "../wire/server-message.ts";
import { serverPlaceOf } from "../wire/server-place.ts";
import { LogSubscription, sentNothing } from "./log-subscription.ts";
import type { EventReader } from "./read-events.ts";
import { refuseAnotherLog } from "./same-log.ts";

/** How many events the server looks through at a time for those that are asked for. */
const WINDOW = 1_024;

/** A part of the log that is to be read, wherever it ends. */
export interface Scan {
  /** Exclusive; null: from the beginning. */
  readonly after: Position | null;
  /** Of which categories; undefined: all. */
  readonly categories: readonly string[] | undefined;
  /** It ends when everything up to this place was given; what comes after it may be given too. */
  readonly until: Position;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** How long the server may say nothing, in ms. */
  readonly silenceMs: number;
  /** For how long, in ms, it is begun again without getting any further. */
  readonly patienceMs: number;
  /** Called with null whenever the server answers, or with the reason when it does not. */
  readonly connection?: (reason: string | null) => void;
}

export interface ScannedLog {
  readonly calls: Pick<ServerCalls, "read">;
  readonly names: StreamNames;
  readonly reader: Pick<EventReader, "at" | "firstBehind">;
}

/**
 * Reads a part of the log by a subscription, which tells how far it has come also where nothing is found for long. Calls
 * break, end without an error and stall; each time another one goes on where it was, if the log is still the same. Gives
 * as many events at a time as have arrived, which may be none; the last of them may come after `until`.
 *
 * @throws StoreUnavailable when it gets no further for as long as `patienceMs`
 * @throws LogReplaced when what it gave is no longer in the log
 */
export async function* scanLog(log: ScannedLog, scan: Scan): AsyncGenerator<readonly FoundEvent[]> {
  let given = scan.after;
  let last: FoundEvent | null = null;
  let checkpoint: ServerPlace | null = null;
  let progressAt = performance.now();
  const backoff = new Backoff();
  const isOver = (): boolean => scan.signal.aborted;
  let fromCheckpoint = false;
  while (!isOver()) {
    try {
      await refuseAnotherLog(log.reader, [last]);
      const place = await resumePlace(log, given, checkpoint);
      // A server that says at once that there is no more is asked once more, which is cheap where it says so so early.
      fromCheckpoint = place !== null && place === checkpoint;
      let isBelieved = fromCheckpoint;
      checkpoint = null;
      for await (const messages of messagesBehind(log, scan, place)) {
        let found: FoundEvent[] = [];
        for (const message of messages) {
          if (message.kind === "event") {
            const { event } = message;
            // Of a place between two events the server says by itself what comes after it.
            if (given !== null && event.position <= given) continue;
            found.push(event);
            given = event.position;
            last = event;
            checkpoint = null;
            isBelieved = true;
          } else if (message.kind === "checkpoint") {
            checkpoint = message.place ?? checkpoint;
            isBelieved = true;
          } else if (message.kind === "caughtUp") {
            yield found;
            found = [];
            if (isBelieved || !(await isDue(log, scan, given))) return;
          }
        }
        yield found;
        if ((given !== null && given >= scan.until) || (checkpoint?.commit ?? 0n) > BigInt(scan.until)) return;
        if (!isBelieved) continue;
        progressAt = performance.now();
        backoff.reset();
      }
    } catch (error) {
      if (isOver()) return;
      if (error instanceof LogReplaced) throw error;
      if (given !== null && !fromCheckpoint && isInvalidPosition(error)) throw new LogReplaced(given);
      scan.connection?.(reasonOf(error));
      if (performance.now() - progressAt >= scan.patienceMs) {
        if (error instanceof StoreUnavailable) throw error;
        throw new StoreUnavailable(`the event store cannot be read: ${reasonOf(error)}`, { cause: error });
      }
    }
    await backoff.wait(scan.signal);
  }
}

/** Whether an event of this part of the log is still to come. */
async function isDue({ names, reader }: ScannedLog, scan: Scan, given: Position | null): Promise<boolean> {
  const due = await reader.firstBehind(given, names.prefixes(scan.categories));
  return due !== null && due.position <= scan.until;
}

/**
 * What the server says in one call, as many messages at a time as have arrived. Throws what the call fails with, and
 * StoreUnavailable when it ends or says nothing for long.
 */
async function* messagesBehind(
  { calls, names }: ScannedLog,
  { categories, signal, silenceMs, connection }: Scan,
  place: ServerPlace | null,
): AsyncGenerator<readonly ServerMessage[]> {
  const filter = { prefixes: names.prefixes(categories), window: WINDOW };
  const subscription = await LogSubscription.open(calls, names, place ?? "start", filter);
  const wake = (): void => subscription.wake();
  signal.addEventListener("abort", wake);
  try {
    let confirmed = false;
    while (!signal.aborted) {
      const messages = subscription.take();
      if (messages.length > 0) {
        if (!confirmed) connection?.(null);
        confirmed = true;
        yield messages;
      } else if (subscription.ended) {
        throw new StoreUnavailable("the event store ended the subscription");
      } else if (!(await subscription.changed(silenceMs))) {
        throw sentNothing(silenceMs);
      }
    }
  } finally {
    signal.removeEventListener("abort", wake);
    subscription.cancel();
  }
}

/**
 * Where the next call begins: after the last event that was given, or at the server's own checkpoint, which may be much
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
