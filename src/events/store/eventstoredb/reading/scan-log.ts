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

/** How many events the server searches at a time for matching ones. */
const WINDOW = 1_024;

/** A part of the log to read. */
export interface Scan {
  /** Exclusive; null: from the beginning. */
  readonly after: Position | null;
  /** Only these categories; undefined: all. */
  readonly categories: readonly string[] | undefined;
  /** The scan ends when everything up to this place was given; it may also give what comes after. */
  readonly until: Position;
  /** Ends the scan. */
  readonly signal: AbortSignal;
  /** How long the server may be silent, in ms. */
  readonly silenceMs: number;
  /** How long the scan restarts without getting further, in ms. */
  readonly patienceMs: number;
  /** Called with null whenever the server answers, or with the reason when it does not. */
  readonly connection?: (reason: string | null) => void;
}

export interface ScannedLog {
  readonly calls: Pick<ServerCalls, "read">;
  readonly names: StreamNames;
  readonly reader: Pick<EventReader, "at" | "firstAfter">;
}

/**
 * Reads a part of the log by a subscription, which reports its progress even where nothing matches for long. Calls
 * break, end without an error, or stall; each time another one resumes, if the log is still the same. Yields the events
 * that have arrived, which may be none; the last of them may come after `until`.
 *
 * @throws StoreUnavailable when it gets no further for `patienceMs`
 * @throws LogReplaced when an event that it gave is no longer in the log
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
      // A server that reports the end at once is asked again, which is cheap because it ends so early.
      fromCheckpoint = place !== null && place === checkpoint;
      let isBelieved = fromCheckpoint;
      checkpoint = null;
      for await (const messages of messagesAfter(log, scan, place)) {
        let found: FoundEvent[] = [];
        for (const message of messages) {
          if (message.kind === "event") {
            const { event } = message;
            // Skips events that were given before, which a resumed call may repeat.
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

/** Whether this part of the log has another event to give. */
async function isDue({ names, reader }: ScannedLog, scan: Scan, given: Position | null): Promise<boolean> {
  const due = await reader.firstAfter(given, names.prefixes(scan.categories));
  return due !== null && due.position <= scan.until;
}

/**
 * The messages of one call, batched as they arrive. Throws the call's error, and StoreUnavailable when it ends or is
 * silent for too long.
 */
async function* messagesAfter(
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
 * Where the next call begins: after the last event given, or at the server's own checkpoint, which may be much further.
 * A checkpoint with equal numbers normally has an event there; if it has none, it is not trusted.
 */
async function resumePlace(
  { reader }: ScannedLog,
  given: Position | null,
  checkpoint: ServerPlace | null,
): Promise<ServerPlace | null> {
  const afterGiven = given === null ? null : serverPlaceOf(given);
  if (checkpoint === null || checkpoint.commit <= (afterGiven?.commit ?? -1n)) return afterGiven;
  if (checkpoint.commit !== checkpoint.prepare) return checkpoint;
  return (await reader.at(positionOf(checkpoint.commit))) === null ? afterGiven : checkpoint;
}
