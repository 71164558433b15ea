import { setImmediate } from "node:timers/promises";
import { dueBefore, dueOf, underWay } from "../../projections/due-deliveries.ts";
import type { DueDocument } from "../../projections/due-deliveries.ts";
import { endpointsWithPending } from "../../projections/endpoint-statistics/endpoint-standings.ts";
import { failedDeliveries } from "../../projections/failed-deliveries.ts";
import type { FailedDelivery } from "../../projections/failed-deliveries.ts";
import { heldByTime } from "../../projections/held-deliveries.ts";
import type { HeldDocument } from "../../projections/held-deliveries.ts";
import { pendingDeliveriesOfUser } from "../../projections/pending-deliveries.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import type { PagesFrom } from "../../projections/store/pages.ts";
import { isUnderWay } from "../../projections/waiting.ts";
import type { PendingEntry } from "../../projections/waiting.ts";
import type { ListedState } from "./admin-deliveries-schema.ts";

/** How many held deliveries of an endpoint are read at a time by default. */
const HELD_PAGE = 100;

/** A delivery that was found in the state that was asked for, with what the read models say of it. */
export type FoundDelivery = PendingEntry | FailedDelivery;

/** A document that was looked at: its place in the list, and the delivery if it belongs there. */
export interface ScannedDelivery {
  readonly place: NonNullable<PagesFrom["after"]>;
  readonly found: FoundDelivery | null;
}

/** What is looked for; times are ISO 8601 UTC. */
export interface Wanted {
  readonly state: ListedState;
  /** Whose, or to which endpoint: with the endpoint's owner. */
  readonly of: { readonly userId: number; readonly endpointId: number | null } | null;
  /** The user who has this endpoint. */
  ownerOf(endpointId: number): number | null;
  readonly now: string;
  /** What counts as due falls due before this (exclusive). */
  readonly before: string;
}

type Scan = AsyncGenerator<ScannedDelivery>;

/**
 * The deliveries in a state, in order, each read from an index as it is consumed: what is due by due time, what is held or
 * under way by how long, what failed with the last first. What is due of one user or endpoint comes by its acceptance: the
 * user's pending deliveries are the index that there is, and another one would cost each delivery something.
 */
export function scanDeliveries(store: DocumentStore, wanted: Wanted, from: PagesFrom): Scan {
  const { state, of } = wanted;
  if (state === "failed") return scanFailed(store, wanted, from);
  if (state === "held") return scanHeld(store, wanted, from);
  if (state === "under_way") return scanUnderWay(store, wanted, from);
  return of === null ? scanDue(store, wanted, from) : scanPending(store, wanted, of, from);
}

async function* scanFailed(store: DocumentStore, { of }: Wanted, from: PagesFrom): Scan {
  const whose = of && (of.endpointId === null ? { userId: of.userId } : { endpointId: of.endpointId });
  for await (const page of failedDeliveries(store, whose, from)) {
    for (const failed of page) yield { place: { value: failed.failed_at, id: failed._id }, found: failed };
  }
}

async function* scanHeld(store: DocumentStore, { of }: Wanted, from: PagesFrom): Scan {
  const pages =
    of === null || of.endpointId !== null
      ? heldByTime(store, of?.endpointId ?? null, from)
      : heldOfUser(store, of.userId, from);
  for await (const page of pages) {
    for (const held of page) yield { place: { value: held.since, id: held._id }, found: held };
  }
}

/** What is held of a user, the longest first, page by page: merged from what is held of each endpoint. */
async function* heldOfUser(store: DocumentStore, userId: number, from: PagesFrom): AsyncGenerator<HeldDocument[]> {
  const { size = HELD_PAGE } = from;
  const endpointIds = await endpointsWithPending(store, userId);
  for (let { after } = from; ;) {
    const found: HeldDocument[] = [];
    for (const id of endpointIds) {
      const first = await heldByTime(store, id, { after, size }).next();
      if (first.done !== true) found.push(...first.value);
    }
    const next = found.sort((a, b) => (`${a.since} ${a._id}` < `${b.since} ${b._id}` ? -1 : 1)).slice(0, size);
    yield next;
    const last = next.at(-1);
    if (last === undefined || next.length < size) return;
    after = { value: last.since, id: last._id };
  }
}

async function* scanUnderWay(store: DocumentStore, wanted: Wanted, from: PagesFrom): Scan {
  for await (const page of underWay(store, from)) {
    for (const due of page) {
      const found = isUnderWay(due, wanted.now) && isOf(due.endpoint_id, wanted) ? due : null;
      yield { place: { value: due.since, id: due._id }, found };
    }
    await letOthersWork(wanted);
  }
}

async function* scanDue(store: DocumentStore, { now, before }: Wanted, from: PagesFrom): Scan {
  for await (const page of dueBefore(store, before, from)) {
    for (const due of page)
      yield { place: { value: due.due_at, id: due._id }, found: isUnderWay(due, now) ? null : due };
  }
}

async function* scanPending(
  store: DocumentStore,
  wanted: Wanted,
  { userId, endpointId }: NonNullable<Wanted["of"]>,
  from: PagesFrom,
): Scan {
  const isWanted = (due: DueDocument): boolean => !isUnderWay(due, wanted.now) && due.due_at < wanted.before;
  for await (const page of pendingDeliveriesOfUser(store, userId, from)) {
    const own = page.filter(({ endpoint_id }) => endpointId === null || endpoint_id === endpointId);
    const listed = await dueOf(
      store,
      own.map(({ _id }) => _id),
    );
    for (const { _id: id, created_at: value } of page) {
      const due = listed.get(id);
      yield { place: { value, id }, found: due !== undefined && isWanted(due) ? due : null };
    }
    await letOthersWork(wanted);
  }
}

function isOf(endpointId: number, wanted: Wanted): boolean {
  const { of } = wanted;
  if (of === null) return true;
  return of.endpointId === null ? wanted.ownerOf(endpointId) === of.userId : of.endpointId === endpointId;
}

/** Lets this thread do other work between two pages, of which there can be many where few of many match. */
async function letOthersWork({ of }: Wanted): Promise<void> {
  if (of !== null) await setImmediate();
}
