import { setImmediate as nextTurn } from "node:timers/promises";
import type { SubscribeOptions, SubscriptionMessage } from "../../event-store.ts";
import { LogReplaced } from "../../event-store-errors.ts";
import type { Position } from "../../position.ts";
import { Backoff } from "../backoff.ts";
import type { EventReader } from "../reading/read-events.ts";
import { scanLog } from "../reading/scan-log.ts";
import type { ScannedLog } from "../reading/scan-log.ts";
import { streamFilter } from "../stream-names.ts";
import { reasonOf } from "../wire/grpc-status.ts";
import type { FollowerConnection } from "./connection-state.ts";
import type { LogTail } from "./log-tail.ts";

/** What a follower needs from its store. */
export interface Following extends ScannedLog {
  readonly reader: Pick<EventReader, "end" | "at" | "firstAfter">;
  readonly tail: LogTail;
  /** How long a call may bring nothing that is due, in ms. */
  readonly stalledMs: number;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  readonly connection: FollowerConnection;
}

/**
 * `EventStore.subscribe` on a server. The follower reads older events by itself, then shares the log's tail with all
 * other followers. It survives every broken call.
 *
 * @throws LogReplaced when an event that was handled is no longer in the log, UnreadableEvent
 */
export async function* followLog(
  following: Following,
  { after = null, categories, signal }: SubscribeOptions,
): AsyncGenerator<SubscriptionMessage> {
  const { tail, connection, stalledMs } = following;
  const ending = AbortSignal.any([signal, following.closing]);
  const isOver = (): boolean => ending.aborted;
  const wanted = streamFilter(categories);
  await refusePlaceBeyondTheEnd(following, after, ending);
  const member = tail.join(categories);
  let place = after;
  let reported: Position | null | undefined;
  try {
    while (!isOver()) {
      if (member.failure !== null) throw member.failure;
      const event = tail.next(member, place);
      if (event === "gone") {
        const until = tail.startFor(member);
        if (until === undefined || until === null) continue;
        const scan = {
          after: place,
          categories,
          until,
          signal: ending,
          silenceMs: stalledMs,
          patienceMs: Number.POSITIVE_INFINITY,
          connection: (reason: string | null) => connection.note(reason),
        };
        for await (const found of scanLog(following, scan)) {
          for (const event of found) {
            if (isOver()) return;
            if (event.stream === null || !wanted(event.stream)) continue;
            yield { kind: "event", event: event.recorded() };
            place = event.position;
            member.last = event;
          }
        }
        if (place === null || place < until) place = until;
      } else if (event !== null) {
        if (event.stream !== null && wanted(event.stream)) {
          yield { kind: "event", event: event.recorded() };
          member.last = event;
        }
        place = event.position;
      } else if (tail.startFor(member) !== undefined && isChange(tail.searchedTo, place, reported)) {
        // The events of one append arrive one by one.
        await nextTurn();
        if (tail.startFor(member) === undefined || tail.next(member, place) !== null) continue;
        if (!isChange(tail.searchedTo, place, reported)) continue;
        place = tail.searchedTo;
        reported = place;
        yield { kind: "caughtUp", position: place, searchedTo: place };
      } else {
        await tail.changed(ending);
      }
    }
  } finally {
    tail.leave(member);
    connection.leave();
  }
}

/** Whether a place up to which everything was delivered is worth reporting. */
function isChange(searchedTo: Position | null, place: Position | null, reported: Position | null | undefined): boolean {
  if (searchedTo === reported) return false;
  return searchedTo === null ? place === null : place === null || searchedTo >= place;
}

/** A place beyond the end is from another log, or from this one before it was restored from an older copy. */
async function refusePlaceBeyondTheEnd(
  { reader, connection }: Following,
  after: Position | null,
  ending: AbortSignal,
): Promise<void> {
  if (after === null) return;
  const backoff = new Backoff();
  while (!ending.aborted) {
    try {
      const end = await reader.end();
      connection.note(null);
      if (end !== null && end.position >= after) return;
    } catch (error) {
      connection.note(reasonOf(error));
      await backoff.wait(ending);
      continue;
    }
    throw new LogReplaced(after);
  }
}
