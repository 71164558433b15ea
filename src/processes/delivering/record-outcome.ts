import { decideRecordAttempt } from "../../commands/record-attempt.ts";
import { decideReleaseAttempt } from "../../commands/release-attempt.ts";
import type { RetryPolicy } from "../../commands/retry-policy.ts";
import type { DeliveryAttempted } from "../../events/delivery.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import { attemptResult } from "./attempt-result.ts";
import type { AttemptClaim } from "./claim-attempt.ts";
import { ACTOR, handleDeliveryCommand } from "./delivery-command.ts";
import { disableGone } from "./disable-gone.ts";
import { untilRecorded } from "./insisting.ts";

export type RecordedOutcome =
  /** An attempt was made and its outcome recorded. */
  | { readonly kind: "attempted"; readonly event: DeliveryAttempted }
  /** The attempt was made, but meanwhile its claim had lapsed: its result counts no more. */
  | { readonly kind: "too_late" }
  /** Our own fault kept it from being made; it does not count. */
  | { readonly kind: "not_sent"; readonly reason: string };

/**
 * Records what came of a claimed attempt, under its claim: its outcome, or that it was not made. An endpoint that answered
 * that it is gone is disabled.
 *
 * @param endedAt when the answer or the time-out came, ISO 8601 UTC
 * @param policy by which the next attempt is due when this one failed
 * @throws what the log throws when it cannot take the outcome before the signal aborts
 */
export function recordOutcome(
  store: EventStore,
  claim: AttemptClaim,
  result: SendResult,
  endedAt: string,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<RecordedOutcome> {
  const { attempt, loaded } = claim;
  const { deliveryId, endpointId } = claim.delivery;
  // One id for all tries, so that a try whose outcome stayed unknown is recognised by the next.
  const commandId = timeOrderedId();
  return untilRecorded(signal, async () => {
    if (result.kind === "not_sent") {
      const { reason } = result;
      const command = { deliveryId, attempt, reason, now: endedAt };
      await handleDeliveryCommand(store, decideReleaseAttempt, command, loaded, commandId);
      return { kind: "not_sent", reason };
    }
    // First, so that no crash in between leaves an endpoint enabled that said it is gone.
    if (result.kind === "answered" && result.errorCode === "gone") {
      await disableGone(store, { endpointId, url: attempt.url, now: endedAt }, loaded.last, ACTOR);
    }
    const command = { deliveryId, attempt, result: attemptResult(result, attempt, endedAt), endedAt, policy };
    const recorded = await handleDeliveryCommand(store, decideRecordAttempt, command, loaded, commandId);
    const [event] = recorded.events;
    return event?.type === "DeliveryAttempted" ? { kind: "attempted", event } : { kind: "too_late" };
  });
}
