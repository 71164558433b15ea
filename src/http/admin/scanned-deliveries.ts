import { setImmediate } from "node:timers/promises";
import { pendingDeliveriesOfUser } from "../../projections/deliveries.ts";
import { dueBefore, dueOf, underWay } from "../../projections/due-deliveries.ts";
import type { DueDocument } from "../../projections/due-deliveries.ts";
import { failedDeliveries } from "../../projections/failed-deliveries.ts";
import type { FailedDelivery } from "../../projections/failed-deliveries.ts";
import { heldByTime, heldOf } from "../../projections/held-deliveries.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import type { PagesFrom } from "../../projections/store/pages.ts";
import { isUnderWay } from "../../projections/waiting.ts";
import type { PendingEntry } from "../../projections/waiting.ts";
import type { ListedState } from "./admin-deliveries-schema.ts";

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
  readonly now: string;
  /** What counts as due falls due before this (exclusive). */
  readonly before: string;
}

type Scan = AsyncGenerator<ScannedDelivery>;

/**
 * The deliveries in a state, in order, each read from an index as it is consumed: what is due by due time, what is held or
 * under way by how long, what failed with the last first. Of one user or endpoint, what has not ended comes by its
 * acceptance, because the list of a user's pending deliveries is the index that there is.
 */
export function scanDeliveries(store: DocumentStore, wanted: Wanted, from: PagesFrom): Scan {
  const { state, of } = wanted;
  if (state === "failed") return scanFailed(store, wanted, from);
  if (of !== null) return scanPending(store, wanted, of, from);
  return state === "held" ? scanHeld(store, from) : scanDue(store, wanted, from);
}

async function* scanFailed(store: DocumentStore, { of }: Wanted, from: PagesFrom): Scan {
  const whose = of && (of.endpointId === null ? { userId: of.userId } : { endpointId: of.endpointId });
  for await (const page of failedDeliveries(store, whose, from)) {
    for (const failed of page) yield { place: { value: failed.failed_at, id: failed._id }, found: failed };
  }
}

async function* scanHeld(store: DocumentStore, from: PagesFrom): Scan {
  for await (const page of heldByTime(store, from)) {
    for (const held of page) yield { place: { value: held.since, id: held._id }, found: held };
  }
}

async function* scanDue(store: DocumentStore, { state, now, before }: Wanted, from: PagesFrom): Scan {
  for await (const page of state === "due" ? dueBefore(store, before, from) : underWay(store, from)) {
    for (const due of page) {
      const value = state === "due" ? due.due_at : (due.under_way_since ?? "");
      const found = isUnderWay(due, now) === (state === "under_way") ? due : null;
      yield { place: { value, id: due._id }, found };
    }
  }
}

async function* scanPending(
  store: DocumentStore,
  { state, now, before }: Wanted,
  { userId, endpointId }: NonNullable<Wanted["of"]>,
  from: PagesFrom,
): Scan {
  const isWanted = (due: DueDocument): boolean =>
    state === "under_way" ? isUnderWay(due, now) : !isUnderWay(due, now) && due.due_at < before;
  for await (const page of pendingDeliveriesOfUser(store, userId, from)) {
    const own = page.filter(({ endpoint_id }) => endpointId === null || endpoint_id === endpointId);
    const ids = own.map(({ _id }) => _id);
    const found = new Map<string, FoundDelivery>();
    if (state === "held") for (const held of (await heldOf(store, ids)).values()) found.set(held._id, held);
    else for (const due of (await dueOf(store, ids)).values()) if (isWanted(due)) found.set(due._id, due);
    for (const { _id: id, created_at: value } of page) yield { place: { value, id }, found: found.get(id) ?? null };
    // Lets this thread do other work between two pages, of which a user with a large backlog has many.
    await setImmediate();
  }
}
