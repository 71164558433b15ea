import type { Config } from "../config.ts";
import { deliveries } from "../projections/deliveries.ts";
import { deliveriesOfUser } from "../projections/delivery-queries.ts";
import type { DeliveryFilter, DeliveryPlace } from "../projections/delivery-queries.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";
import { users, usersByUsername } from "../projections/users.ts";
import { isTime, utcOf } from "../runtime/utc-time.ts";
import { openReadModelsToCompare } from "../storage/open-read-models.ts";
import type { ListedDelivery } from "./delivery-lines.ts";
import type { ReadLog } from "./log-access.ts";
import { UsageError } from "./subcommand.ts";
import { escapedJson } from "./terminal-text.ts";
import { knowledgeOf } from "./unseen-events.ts";

/** The most deliveries that a list shows. */
const MAX_LIMIT = 10_000;
/** How many a list shows that is not for a terminal. */
const DEFAULT_LIMIT = 20;
/** How many of those that a list leaves out are counted; a user may have millions. */
const MAX_COUNTED = 1_000;
/** How many are read at a time: each comes with its attempts. */
const PAGE = 250;

/** What a list is to have, as the command line says it. */
export interface ListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
}

/** What a list is to have. */
export interface WantedList {
  readonly filter: DeliveryFilter;
  readonly limit: number;
}

/** A part of a user's deliveries, newest first, and of those that come after it; `counted`: of all of them. */
export interface FoundList {
  readonly shown: readonly ListedDelivery[];
  readonly more: readonly ListedDelivery[];
  readonly counted: boolean;
}

/**
 * Reads the options of a list.
 *
 * @param rows how many lines the terminal has; null: there is none
 * @throws UsageError
 */
export function wantedList({ from, to, limit }: ListOptions, rows: number | null): WantedList {
  const filter = {
    ...(from !== undefined && { from: timeFrom("--from", from) }),
    ...(to !== undefined && { to: timeFrom("--to", to) }),
  };
  if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to) {
    throw new UsageError("--from must not be after --to");
  }
  // The most that can fit; how many do, only their lines say.
  if (limit === undefined) return { filter, limit: rows === null ? DEFAULT_LIMIT : Math.max(5, rows - 5) };
  if (!/^\d{1,9}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    throw new UsageError(`--limit needs a whole number from 1 to ${MAX_LIMIT}`);
  }
  return { filter, limit: Number(limit) };
}

/** The list with no more than so many deliveries: those after them are left out, and counted. */
export function cutAfter({ shown, more, counted }: FoundList, count: number): FoundList {
  return { shown: shown.slice(0, count), more: [...shown.slice(count), ...more], counted };
}

/**
 * A user's deliveries, from the read models alone.
 *
 * @param warn is called when they have not seen the end of the log
 * @throws Error, with one line for the operator, when there are no read models, or no such user
 */
export async function findDeliveries(
  config: Pick<Config, "dataDir" | "mongodbUrl">,
  log: ReadLog["store"],
  username: string,
  { filter, limit }: WantedList,
  warn: (line: string) => void,
): Promise<FoundList> {
  const documents = await openReadModelsToCompare(config);
  try {
    const knowledge = await knowledgeOf([users, deliveries], documents, log);
    if (knowledge.kind === "nothing") {
      throw new Error("there are no read models of this log and version; a gateway makes them when it starts");
    }
    if (knowledge.kind === "behind") {
      warn(
        `the read models have not seen the end of the log: what it recorded since ${knowledge.since} may be missing`,
      );
    }
    const [user] = await usersByUsername(documents, username);
    if (user === undefined) throw new Error(`there is no user ${escapedJson(JSON.stringify(username.slice(0, 100)))}`);
    const shown = await listed(documents, user.user_id, filter, limit, null);
    const last = shown.at(-1);
    const after = last && { createdAt: last.created_at, id: last._id };
    const more = after === undefined ? [] : await listed(documents, user.user_id, filter, MAX_COUNTED + 1, after);
    return { shown, more: more.slice(0, MAX_COUNTED), counted: more.length <= MAX_COUNTED };
  } finally {
    await documents.close();
  }
}

/** At most `limit` of a user's deliveries after this place, newest first, without their attempts. */
async function listed(
  documents: DocumentStore,
  userId: number,
  filter: DeliveryFilter,
  limit: number,
  place: DeliveryPlace | null,
): Promise<ListedDelivery[]> {
  const found: ListedDelivery[] = [];
  let after = place;
  while (found.length < limit) {
    const wanted = Math.min(PAGE, limit - found.length);
    const page = await deliveriesOfUser(documents, userId, filter, wanted, after);
    for (const { _id, created_at, status, endpoint_id, attempts, reference } of page) {
      found.push({ _id, created_at, status, endpoint_id, attempts, reference });
      after = { createdAt: created_at, id: _id };
    }
    if (page.length < wanted) break;
  }
  return found;
}

function timeFrom(option: string, text: string): string {
  if (!isTime(text)) throw new UsageError(`${option} needs a time such as 2026-01-31T12:00:00.000Z`);
  return utcOf(text);
}
