import { readEvent } from "../../events/catalogue.ts";
import { deliveryStream } from "../../events/delivery.ts";
import type { DeliveryRequested } from "../../events/delivery.ts";
import { endpointStream } from "../../events/endpoint.ts";
import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import { numberOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import { endpoints } from "../endpoints.ts";
import type { EndpointDocument } from "../endpoints.ts";
import { historySteps } from "./history-steps.ts";
import type { HistoryStep } from "./history-steps.ts";
import { eventsUntil } from "./moment.ts";
import type { Moment } from "./moment.ts";
import { stateAt } from "./state-at.ts";

/** The source of a history. */
export type HistorySource = Pick<EventStore, "read" | "head">;

/** A delivery's history, or why there is none to show. */
export type History =
  | FoundHistory
  /** There is no such delivery, or it belongs to another user. */
  | { readonly kind: "unknown" }
  /** It did not exist at that moment: its first event has this time and position. */
  | { readonly kind: "too_early"; readonly time: string; readonly position: Position }
  /** The moment is beyond the head of the log; null: the log is empty. */
  | { readonly kind: "beyond_log"; readonly head: Position | null };

export interface FoundHistory {
  readonly kind: "found";
  readonly requested: DeliveryRequested["data"];
  /**
   * Folds its events up to the moment, each step on demand. Throws UnreadableEvent at the first event that cannot be
   * read.
   */
  steps(): Generator<HistoryStep, void>;
}

/**
 * Reads the history of a delivery from the log.
 *
 * @param userId the owner it must have; null: any
 * @param at the moment up to which it is shown, inclusive; null: all of it
 * @throws UnreadableEvent when its first event cannot be read
 * @throws StoreUnavailable
 */
export async function openHistory(
  store: HistorySource,
  deliveryId: string,
  userId: number | null,
  at: Moment | null,
): Promise<History> {
  const { events, broken } = await readableEvents(store, deliveryStream(deliveryId));
  const [first] = events;
  if (first === undefined) {
    if (broken !== null) throw broken;
    return { kind: "unknown" };
  }
  const requested = readEvent(first);
  if (requested.type !== "DeliveryRequested" || (userId !== null && requested.data.userId !== userId)) {
    return { kind: "unknown" };
  }
  const last = events.at(-1) ?? first;
  if (at?.kind === "position" && at.position > last.position) {
    const head = await store.head();
    if (head === null || at.position > head) return { kind: "beyond_log", head };
  }
  const until = eventsUntil(events, at);
  if (until.length === 0) return { kind: "too_early", time: first.recordedAt, position: first.position };
  const reachesBroken =
    broken !== null && until.length === events.length && (at?.kind !== "position" || broken.position <= at.position);
  return {
    kind: "found",
    requested: requested.data,
    *steps() {
      yield* historySteps(deliveryId, until);
      if (reachesBroken) throw broken;
    },
  };
}

/** The endpoint at a moment (null: now), or null if there was none. Throws UnreadableEvent, StoreUnavailable. */
export async function endpointAt(
  store: HistorySource,
  endpointId: number,
  at: Moment | null,
): Promise<EndpointDocument | null> {
  return stateAt(endpoints, String(endpointId), await store.read(endpointStream(endpointId)), at);
}

/** The events of a stream up to the first that the store cannot read. A plain read would fail for all of them. */
async function readableEvents(
  store: HistorySource,
  stream: string,
): Promise<{ events: readonly RecordedEvent[]; broken: UnreadableEvent | null }> {
  try {
    return { events: await store.read(stream), broken: null };
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    return { events: await store.read(stream, { limit: numberOf(error.revision) }), broken: error };
  }
}
