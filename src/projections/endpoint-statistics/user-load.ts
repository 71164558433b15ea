import type { KnownEvent } from "../../events/catalogue.ts";
import type { Content, ReadModel } from "../projection.ts";
import type { StoredDocument } from "../store/document-store.ts";

/** What a user asks of the gateway now. There is no document before the first dispatch. */
export interface UserLoadDocument extends StoredDocument {
  /** The user's id. Not named `user_id`, because queries for standings use that. */
  readonly load_of: number;
  /** Deliveries that have not ended. */
  readonly backlog: number;
  /** The minute of the last dispatch, counted from the Unix epoch, and the dispatches of that minute. */
  readonly rate_minute: number;
  readonly rate: number;
  /** The dispatches of the minute before. */
  readonly earlier_rate: number;
}

const MINUTE_MS = 60_000;

/** The indexes for queries of loads. */
export const LOAD_INDEXES: ReadModel["indexes"] = [
  { fields: ["backlog"], present: "backlog" },
  { fields: ["rate_minute", "rate"], present: "rate_minute" },
  { fields: ["rate_minute", "earlier_rate"], present: "rate_minute" },
];

/** The id of a user's load. */
export function loadId(userId: number): string {
  return `load/${userId}`;
}

/** The minute of a time in milliseconds since the Unix epoch, as loads count minutes. */
export function minuteOf(milliseconds: number): number {
  return Math.floor(milliseconds / MINUTE_MS);
}

/** The user's load after one more event of one of the user's deliveries; null before the first. */
export function evolveLoad(
  load: Content<UserLoadDocument> | null,
  event: KnownEvent,
): Content<UserLoadDocument> | null {
  switch (event.type) {
    case "DeliveryRequested": {
      const { userId, requestedAt } = event.data;
      const minute = minuteOf(Date.parse(requestedAt));
      const before = load ?? { load_of: userId, backlog: 0, rate_minute: minute, rate: 0, earlier_rate: 0 };
      return { ...before, backlog: before.backlog + 1, ...countedIn(before, minute) };
    }
    case "DeliveryAttempted":
      if (event.data.outcome !== "delivered") return load;
      return load && { ...load, backlog: load.backlog - 1 };
    case "DeliveryFailed":
    case "DeliveryCanceled":
      return load && { ...load, backlog: load.backlog - 1 };
    default:
      return load;
  }
}

/**
 * The counts with one dispatch more. It may be of the minute that is just over, because the clocks of several instances
 * differ; one that is earlier was made after the clock was set back, and counting begins again.
 */
function countedIn(
  { rate_minute, rate, earlier_rate }: Content<UserLoadDocument>,
  minute: number,
): Pick<UserLoadDocument, "rate_minute" | "rate" | "earlier_rate"> {
  switch (minute - rate_minute) {
    case 0:
      return { rate_minute, rate: rate + 1, earlier_rate };
    case 1:
      return { rate_minute: minute, rate: 1, earlier_rate: rate };
    case -1:
      return { rate_minute, rate, earlier_rate: earlier_rate + 1 };
    default:
      return { rate_minute: minute, rate: 1, earlier_rate: 0 };
  }
}

/**
 * How many dispatches the user made in the minute before `now` (ms since the Unix epoch), rounded: what is counted in this
 * minute of the clock, and of the minute before as much as is less than 60 s ago, as if it had been spread evenly.
 */
export function dispatchesPerMinute(load: UserLoadDocument, now: number): number {
  const partLeft = 1 - (now % MINUTE_MS) / MINUTE_MS;
  switch (minuteOf(now) - load.rate_minute) {
    case 0:
      return Math.round(load.rate + load.earlier_rate * partLeft);
    case 1:
      return Math.round(load.rate * partLeft);
    default:
      return 0;
  }
}
