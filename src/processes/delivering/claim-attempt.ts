import type { Loaded } from "../../commands/handling/command-handler.ts";
import { decideStartAttempt } from "../../commands/start-attempt.ts";
import type { AttemptUnderWay, Delivery } from "../../events/delivery.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import type { Clock } from "../../runtime/clock.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import { timeText } from "../../runtime/time-text.ts";
import { latestSending, leaseOf } from "./attempt-lease.ts";
import { handleDeliveryCommand } from "./delivery-command.ts";
import { untilKnown } from "./insisting.ts";

export interface ClaimDependencies {
  readonly store: EventStore;
  readonly clock: Clock;
  /** How long an attempt may take, in ms. */
  readonly timeoutMs: number;
}

/** The exclusive right to make one attempt. */
export interface AttemptClaim {
  readonly attempt: AttemptUnderWay;
  readonly delivery: Delivery;
  /** The delivery's stream after the claim, on which the outcome is recorded. */
  readonly loaded: Loaded<Delivery>;
  /** Whether the attempt may still begin: later it could outlast the lease. */
  readonly isInTime: () => boolean;
  /** The time since the claim began, in ms, whatever the wall clock was set to meanwhile. */
  readonly elapsedMs: () => number;
}

/**
 * Claims the next attempt of a delivery in the log.
 *
 * @param url the URL of the attempt
 * @returns null when there is nothing to claim: the delivery is final, not due, or claimed by another process
 * @throws what the log throws when it does not take the claim, or does not confirm it in time for sending
 */
export async function claimAttempt(
  { store, clock, timeoutMs }: ClaimDependencies,
  deliveryId: string,
  known: Loaded<Delivery>,
  url: string,
  signal: AbortSignal,
): Promise<AttemptClaim | null> {
  // All tries use one id and time, so a try recognises the claim of an earlier one with unknown outcome.
  const begunAt = clock.monotonic();
  const now = clock.now();
  const claim = { deliveryId, url, leaseMs: leaseOf(timeoutMs), now: timeText(now) };
  const claimId = timeOrderedId();
  const elapsedMs = (): number => clock.monotonic() - begunAt;
  const latestMs = latestSending(timeoutMs);
  // By both clocks, because other processes judge the lease by theirs. The wall clock may have been set back, and the
  // monotonic one stands still while the machine sleeps. A wall clock that was set forward was behind when the lease was
  // written, so for others the lease may be over.
  const isInTime = (): boolean => Math.max(elapsedMs(), clock.now() - now) <= latestMs;
  const claimed = await untilKnown(signal, isInTime, () =>
    handleDeliveryCommand(store, decideStartAttempt, claim, known, claimId),
  );
  const attempt = claimed.events.length > 0 ? claimed.state?.underWay : null;
  if (attempt == null || claimed.state === null) return null;
  return { attempt, delivery: claimed.state, loaded: claimed, isInTime, elapsedMs };
}
