import { collectionOf } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { endpointStatistics } from "./endpoint-statistics.ts";
import { dispatchesPerMinute, minuteOf } from "./user-load.ts";
import type { UserLoadDocument } from "./user-load.ts";

/** How many users are looked at for each count that makes up a rate. */
const CANDIDATES = 500;

/** The place after which a page of backlogs begins. */
export interface BacklogPlace {
  readonly backlog: number;
  readonly id: string;
}

/** The users with deliveries that have not ended, those with the most first, at most `limit`, following `after`. */
export function usersByBacklog(
  store: DocumentStore,
  limit: number,
  after: BacklogPlace | null,
): Promise<UserLoadDocument[]> {
  return store.find<UserLoadDocument>(collectionOf(endpointStatistics), {
    range: { field: "backlog", from: 1 },
    order: { field: "backlog", direction: "descending" },
    ...(after !== null && { after: { value: after.backlog, id: after.id } }),
    limit,
  });
}

/**
 * The users who dispatched the most in the minute before `now` (ms since the Unix epoch), at most `limit`. A rate is made up
 * of two counts, so this looks at the 500 with the most of each, and estimates the rate of these.
 */
export async function usersByRate(store: DocumentStore, limit: number, now: number): Promise<UserLoadDocument[]> {
  const minute = minuteOf(now);
  const most = (field: "rate" | "earlier_rate", of: number): Promise<UserLoadDocument[]> =>
    store.find<UserLoadDocument>(collectionOf(endpointStatistics), {
      equals: { rate_minute: of },
      order: { field, direction: "descending" },
      limit: CANDIDATES,
    });
  const found = await Promise.all([most("rate", minute), most("earlier_rate", minute), most("rate", minute - 1)]);
  const candidates = new Map(found.flat().map((load) => [load._id, load]));
  return [...candidates.values()]
    .map((load) => ({ load, rate: dispatchesPerMinute(load, now) }))
    .filter(({ rate }) => rate > 0)
    .sort((a, b) => b.rate - a.rate || a.load.load_of - b.load.load_of)
    .slice(0, limit)
    .map(({ load }) => load);
}
