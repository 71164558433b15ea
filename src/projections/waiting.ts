import type { WaitingFor } from "../events/delivery-terms.ts";
import type { DeliveryDocument } from "./deliveries.ts";
import type { DueDocument } from "./due-deliveries.ts";
import type { HeldDocument } from "./held-deliveries.ts";

/** What the read models say of a delivery that has not ended: it is on the to-do list, or it is held. */
export type PendingEntry = DueDocument | HeldDocument;

/** A pause; `since` is ISO 8601 UTC. */
export interface CoveringPause {
  readonly since: string;
}

/** Why a delivery waits, and since when (ISO 8601 UTC); `for` is null while an attempt is under way. */
export interface Waiting {
  readonly for: WaitingFor | null;
  readonly since: string;
}

/** Whether an attempt is under way. One whose lease has passed is not: its delivery is due. */
export function isUnderWay(due: DueDocument, now: string): due is DueDocument & { readonly under_way_since: string } {
  return due.under_way_since !== null && due.due_at > now;
}

/**
 * Why a delivery that has not ended waits at `now` (ISO 8601 UTC): for the end of the pause that covers it, for its
 * endpoint, for its due time or, when it is overdue, for a slot. What is held says why it was held; what keeps it is
 * how its endpoint stands now.
 *
 * @param isDisabled whether its endpoint is disabled now
 */
export function waitingOf(entry: PendingEntry, pause: CoveringPause | null, isDisabled: boolean, now: string): Waiting {
  if ("due_at" in entry && isUnderWay(entry, now)) return { for: null, since: entry.under_way_since };
  // A delivery that came later waits only since then.
  if (pause !== null) return { for: "paused", since: pause.since > entry.since ? pause.since : entry.since };
  if ("reason" in entry) return { for: isDisabled ? "endpoint_disabled" : entry.reason, since: entry.since };
  if (entry.due_at > now) return { for: "due_time", since: entry.since };
  return { for: isDisabled ? "endpoint_disabled" : "slot", since: entry.due_at };
}

/**
 * What a delivery waits for when its entry in the to-do list is not to be had, because the list is behind or is being made
 * again: null where only that would tell.
 */
export function waitingWithoutList(
  delivery: DeliveryDocument,
  pause: CoveringPause | null,
  now: string,
): WaitingFor | null {
  if (delivery.status !== "PENDING") return null;
  if (delivery.next_attempt_at === null) return pause === null ? null : "paused";
  return delivery.next_attempt_at > now ? "due_time" : null;
}
