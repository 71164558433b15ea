import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventStoreDBClient } from "@eventstore/db-client";
import { LogReplaced, StoreUnavailable, UnreadableEvent } from "../event-store-errors.ts";
import type { SubscribeOptions, SubscriptionMessage } from "../event-store.ts";
import type { Position } from "../position.ts";
import { Backoff } from "./backoff.ts";
import { FollowerPlace } from "./follower-place.ts";
import { reasonOf } from "./grpc-status.ts";
import { LogSubscription } from "./log-subscription.ts";
import type { EventReader } from "./read-events.ts";
import { streamFilter } from "./server-place.ts";

/** How often a follower that has nothing to do looks what lies behind its place, in ms; and when somebody waits for it. */
const LOOK_MS = 250;
const WAITED_FOR_LOOK_MS = 20;
/** How many events such a look reads. */
const GAP_EVENTS = 500;

/** What a follower needs of its store. */
export interface Following {
  readonly client: Pick<EventStoreDBClient, "subscribeToAll">;
  readonly reader: Pick<EventReader, "head" | "idAt" | "pageFrom">;
  /** How long a call may bring nothing although something is due, in ms. */
  readonly stalledMs: number;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  /** The furthest position that anybody was told of as the log's end, and so may be waiting for. */
  known(): Position | null;
  /** Calls back whenever that moves on, until the returned function is called. */
  onKnown(callback: () => void): () => void;
  /** Told whenever the server answers again, or does not. */
  connection(reason: string | null): void;
}

/**
 * `EventStore.subscribe` on a server. Calls break, end without an error, stall and are dropped; each time a new one goes
 * on behind the last event that was handled, for ever, after a wait that grows to 2 s.
 *
 * @throws LogReplaced when what was handled is no longer in the log, UnreadableEvent
 */
export async function* followLog(
  following: Following,
  { after = null, categories, signal }: SubscribeOptions,
): AsyncGenerator<SubscriptionMessage> {
  const ending = AbortSignal.any([signal, following.closing]);
  const isEnding = (): boolean => ending.aborted;
  const place = new FollowerPlace(after);
  const backoff = new Backoff();
  while (!ending.aborted) {
    try {
      await refuseReplacedLog(following.reader, place);
      yield* followOnce(following, place, categories, ending, () => backoff.reset());
    } catch (error) {
      if (error instanceof LogReplaced || error instanceof UnreadableEvent) throw error;
      if (!isEnding()) following.connection(reasonOf(error));
    }
    if (!isEnding()) await backoff.wait(ending);
  }
}

/** One call, until it ends. Moves `place` on as its consumer asks for more. */
async function* followOnce(
  following: Following,
  place: FollowerPlace,
  categories: readonly string[] | undefined,
  ending: AbortSignal,
  onProgress: () => void,
): AsyncGenerator<SubscriptionMessage> {
  const { reader, stalledMs } = following;
  const subscription = new LogSubscription(following.client, place.next, categories);
  const wake = (): void => subscription.wake();
  ending.addEventListener("abort", wake);
  const stopListening = following.onKnown(wake);
  const wanted = streamFilter(categories);
  let live = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  try {
    await untilConfirmed(subscription, ending, stalledMs);
    following.connection(null);
    let quietSince = performance.now();
    while (!ending.aborted) {
      const event = subscription.next();
      if (event !== null) {
        // Whether the log is another one is for the look before the next call to say.
        if (!place.isBefore(event.position)) throw new StoreUnavailable("the event store sent an event out of order");
        yield { kind: "event", event };
        place.handle(event);
        onProgress();
        quietSince = performance.now();
        continue;
      }
      if (subscription.ended) return;
      // Everything that came was handled, so what the server said of its progress holds.
      const checkpoint = subscription.takeCheckpoint();
      if (checkpoint !== null) {
        place.reach(checkpoint);
        quietSince = performance.now();
      }
      live &&= subscription.saysCaughtUp && place.isExact;
      if (live && place.position !== place.reported) {
        // The events of one append arrive one by one.
        await nextTurn();
        if (subscription.hasMore) continue;
        place.reported = place.position;
        yield { kind: "caughtUp", position: place.position };
        quietSince = performance.now();
        continue;
      }
      if (performance.now() - quietSince > stalledMs) {
        throw new StoreUnavailable(`the event store sent nothing of what is due for ${stalledMs} ms`);
      }
      const someoneWaits = (following.known() ?? "") > (place.position ?? "");
      const lookIn = lookedAt + (someoneWaits ? WAITED_FOR_LOOK_MS : LOOK_MS) - performance.now();
      if (!subscription.saysCaughtUp) {
        await subscription.changed(LOOK_MS);
      } else if (lookIn > 0) {
        await subscription.changed(lookIn);
      } else {
        const found = await lookBehind(reader, place, wanted);
        lookedAt = found === "more" ? Number.NEGATIVE_INFINITY : performance.now();
        if (found === "wanted") continue;
        quietSince = performance.now();
        live ||= found === "nothing";
        onProgress();
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
 * for. Gives whether something that is asked for lies there, or more than one look takes in, or nothing any more.
 */
async function lookBehind(
  reader: Following["reader"],
  place: FollowerPlace,
  wanted: (stream: string) => boolean,
): Promise<"wanted" | "more" | "nothing"> {
  const page = await reader.pageFrom(place.next, GAP_EVENTS);
  const gap = page.filter(({ position }) => place.isBefore(position));
  if (gap.some(({ stream }) => wanted(stream))) return "wanted";
  const last = gap.at(-1);
  if (last !== undefined) {
    place.passOver(last.position);
  } else if (!place.isExact) {
    // Nothing lies behind the server's checkpoint, so the last event of all is the last that was looked at.
    const head = await reader.head();
    if (head !== null && place.isBefore(head)) return "more";
    place.passOver(head);
  }
  return page.length < GAP_EVENTS ? "nothing" : "more";
}

async function untilConfirmed(subscription: LogSubscription, ending: AbortSignal, milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  // An event tells as much as a confirmation; none is taken here, but a failure is thrown.
  while (!subscription.confirmed && !subscription.ended && !ending.aborted) {
    subscription.throwFailure();
    const left = end - performance.now();
    if (left <= 0) throw new StoreUnavailable(`the event store took no subscription within ${milliseconds} ms`);
    await subscription.changed(left);
  }
}

/** What was handled must still be in the log: one that was restored from an older copy, or reset, goes on without it. */
async function refuseReplacedLog(reader: Following["reader"], { position, handled }: FollowerPlace): Promise<void> {
  if (position === null) return;
  const head = await reader.head();
  if (head === null || head < position) throw new LogReplaced(position);
  if (handled !== null && (await reader.idAt(handled.position)) !== handled.id) throw new LogReplaced(handled.position);
}
