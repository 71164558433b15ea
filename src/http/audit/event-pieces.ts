import { setImmediate as nextTurn } from "node:timers/promises";
import { writtenEvent } from "../../events/store/event-line.ts";
import type { RecordedEvent, SubscriptionMessage } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { Arrival, nextTurnAlarm } from "./arrival.ts";

/** The approximate size of a piece, in characters. */
const PIECE = 64 * 1024;
/** A follower gets at least an empty line this often, in ms, so that no proxy takes its connection for dead. */
const BEAT_MS = 15_000;

/** Whether a reader asked for an event. */
export type Wanted = (event: RecordedEvent) => boolean;

/**
 * The lines of the matching events, at most `limit`, in pieces. Pulls an event only when the piece has room for it, and
 * makes a piece only when the last one was taken.
 *
 * @throws UnreadableEvent after the lines before it, and what the log throws
 */
export async function* eventPieces(
  events: AsyncIterable<RecordedEvent>,
  wanted: Wanted,
  limit: number,
): AsyncGenerator<string> {
  let piece = "";
  let left = limit;
  try {
    for await (const event of events) {
      if (!wanted(event)) continue;
      piece += `${writtenEvent(event).line}\n`;
      left -= 1;
      if (left === 0) break;
      if (piece.length < PIECE) continue;
      yield piece;
      piece = "";
    }
  } catch (error) {
    yield* beforeUnreadable(error, piece);
    throw error;
  }
  if (piece !== "") yield piece;
}

/**
 * The same for a subscription, until it ends. Yields a piece as soon as no more events are there. The first line is
 * empty, which tells the reader that it is connected; another empty line follows after every 15 s without one.
 *
 * @param ending aborted when the client has gone; it must end the subscription
 */
export async function* followedPieces(
  subscription: AsyncIterable<SubscriptionMessage>,
  wanted: Wanted,
  clock: Clock,
  ending: AbortController,
): AsyncGenerator<string> {
  const messages = subscription[Symbol.asyncIterator]();
  let piece = "\n";
  let sentAt = clock.monotonic();
  try {
    for (;;) {
      const message = new Arrival(messages.next());
      if (piece.length >= PIECE || (piece !== "" && !(await message.within(nextTurnAlarm)))) {
        yield piece;
        piece = "";
        sentAt = clock.monotonic();
      }
      for (;;) {
        // A filter may leave out all events for a long time, during which no single wait is long.
        const left = sentAt + BEAT_MS - clock.monotonic();
        if (left > 0 && (await message.within((beat) => clock.schedule(left, beat)))) break;
        yield "\n";
        sentAt = clock.monotonic();
      }
      const next = message.take();
      if (next.done === true) break;
      if (next.value.kind === "event" && wanted(next.value.event)) piece += `${writtenEvent(next.value.event).line}\n`;
    }
  } catch (error) {
    yield* beforeUnreadable(error, piece);
    throw error;
  } finally {
    ending.abort();
    await messages.return?.();
  }
  if (piece !== "") yield piece;
}

/** A reader needs everything before an unreadable event, to continue after it. After other failures it asks again. */
async function* beforeUnreadable(error: unknown, piece: string): AsyncGenerator<string> {
  if (piece === "" || !(error instanceof UnreadableEvent)) return;
  yield piece;
  // The error ends the connection, and anything unsent is lost.
  await nextTurn();
}
