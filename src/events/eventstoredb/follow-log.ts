import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventStoreDBClient } from "@eventstore/db-client";
import { LogReplaced, StoreUnavailable } from "../event-store-errors.ts";
import type { SubscribeOptions, SubscriptionMessage } from "../event-store.ts";
import type { Position } from "../position.ts";
import { Backoff } from "./backoff.ts";
import { reasonOf } from "./grpc-status.ts";
import { LogSubscription } from "./log-subscription.ts";
import type { EventReader } from "./read-events.ts";
import { streamFilter } from "./server-place.ts";

/** How long a new call may take to be confirmed, in ms. */
const CONFIRMATION_MS = 5_000;
/** How often a follower that has nothing to do looks what lies behind its place, in ms; and when somebody waits for it. */
const LOOK_MS = 250;
const WAITED_FOR_LOOK_MS = 20;
/** How many events such a look reads. */
const GAP_EVENTS = 500;

/** What a follower needs of its store. */
export interface Following {
  readonly client: EventStoreDBClient;
  readonly reader: EventReader;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  /** The furthest position that anybody was told of as the log's end, and so may be waiting for. */
  known(): Position | null;
  /** Calls back whenever that moves on, until the returned function is called. */
  onKnown(callback: () => void): () => void;
  /** Told whenever the server answers again, or does not. */
  connection(reason: string | null): void;
}

/** Up to where a follower has come. */
interface Place {
  position: Position | null;
  /** The last event that it handed on: it must still be there after a reconnection. */
  handled: { readonly position: Position; readonly id: string } | null;
  /** What the last `caughtUp` said. */
  reported: Position | null | undefined;
}

/**
 * `EventStore.subscribe` on a server. Calls break, end without an error and are dropped; each time a new one goes on
 * behind the last event that was handled, for ever, after a wait that grows to 2 s.
 *
 * @throws LogReplaced when what was handled is no longer in the log
 */
export async function* followLog(
  following: Following,
  { after = null, categories, signal }: SubscribeOptions,
): AsyncGenerator<SubscriptionMessage> {
  const ending = AbortSignal.any([signal, following.closing]);
  const isEnding = (): boolean => ending.aborted;
  const place: Place = { position: after, handled: null, reported: undefined };
  const backoff = new Backoff();
  while (!ending.aborted) {
    try {
      await refuseReplacedLog(following.reader, place);
      yield* followOnce(following, place, categories, ending, () => backoff.reset());
    } catch (error) {
      if (error instanceof LogReplaced) throw error;
      if (!isEnding()) following.connection(reasonOf(error));
    }
    if (!isEnding()) await backoff.wait(ending);
  }
}

/** One call, until it ends. Moves `place` on as its consumer asks for more. */
async function* followOnce(
  following: Following,
  place: Place,
  categories: readonly string[] | undefined,
  ending: AbortSignal,
  onConfirmed: () => void,
): AsyncGenerator<SubscriptionMessage> {
  const subscription = new LogSubscription(following.client, place.position, categories);
  const wake = (): void => subscription.wake();
  ending.addEventListener("abort", wake);
  const stopListening = following.onKnown(wake);
  const wanted = streamFilter(categories);
  let live = false;
  let lookedAt = -LOOK_MS;
  try {
    await untilConfirmed(subscription, ending);
    onConfirmed();
    following.connection(null);
    while (!ending.aborted) {
      const event = subscription.next();
      if (event !== null) {
        if (event.position <= (place.position ?? "")) throw new LogReplaced(event.position);
        yield { kind: "event", event };
        place.position = event.position;
        place.handled = event;
        continue;
      }
      if (subscription.ended) return;
      // Everything that came was handled, so what the server said of its progress holds.
      const { checkpoint } = subscription;
      if (checkpoint !== null && checkpoint > (place.position ?? "")) place.position = checkpoint;
      if (live && place.position !== place.reported) {
        // The events of one append arrive one by one.
        await nextTurn();
        if (subscription.hasMore) continue;
        place.reported = place.position;
        yield { kind: "caughtUp", position: place.position };
        continue;
      }
      const someoneWaits = (following.known() ?? "") > (place.position ?? "");
      const lookIn = lookedAt + (someoneWaits ? WAITED_FOR_LOOK_MS : LOOK_MS) - performance.now();
      if (!subscription.saysCaughtUp) {
        await subscription.changed(LOOK_MS);
      } else if (lookIn > 0) {
        await subscription.changed(lookIn);
      } else {
        if (await reachesEnd(following.reader, place, wanted)) live = true;
        lookedAt = performance.now();
      }
    }
  } finally {
    ending.removeEventListener("abort", wake);
    stopListening();
    subscription.cancel();
  }
}

/**
 * Looks for itself what lies between the follower's place and the log's end, for the server says nothing of what it
 * leaves out, and says that it has sent everything before all of it has arrived. Moves the place over what nobody asked
 * for. Gives whether that is all that there is.
 */
async function reachesEnd(reader: EventReader, place: Place, wanted: (stream: string) => boolean): Promise<boolean> {
  const gap = await reader.page(place.position, GAP_EVENTS);
  if (gap.some(({ stream }) => wanted(stream))) return false;
  place.position = gap.at(-1)?.position ?? place.position;
  return gap.length < GAP_EVENTS;
}

async function untilConfirmed(subscription: LogSubscription, ending: AbortSignal): Promise<void> {
  const end = performance.now() + CONFIRMATION_MS;
  // An event tells as much as a confirmation; none is taken here, but a failure is thrown.
  while (!subscription.confirmed && !subscription.ended && !ending.aborted) {
    subscription.throwFailure();
    const left = end - performance.now();
    if (left <= 0) throw new StoreUnavailable(`the event store took no subscription within ${CONFIRMATION_MS} ms`);
    await subscription.changed(left);
  }
}

/** What was handled must still be in the log: one that was restored from an older copy, or reset, goes on without it. */
async function refuseReplacedLog(reader: EventReader, { position, handled }: Place): Promise<void> {
  if (position === null) return;
  const head = await reader.head();
  if (head === null || head < position) throw new LogReplaced(position);
  if (handled !== null && (await reader.idAt(handled.position)) !== handled.id) throw new LogReplaced(handled.position);
}
