import { decideRecordAttempt } from "../../commands/record-attempt.ts";
import { decideReleaseAttempt } from "../../commands/release-attempt.ts";
import type { RetryPolicy } from "../../commands/retry-policy.ts";
import type { DeliveryAttempted } from "../../events/delivery.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import { attemptResult } from "./attempt-result.ts";
import type { AttemptEnd } from "./attempt-result.ts";
import type { AttemptClaim } from "./claim-attempt.ts";
import { ACTOR, handleDeliveryCommand } from "./delivery-command.ts";
import { disableGone } from "./disable-gone.ts";
import { untilRecorded } from "./insisting.ts";

export type RecordedOutcome =
  /** An attempt was made and its outcome recorded. */
  | { readonly kind: "attempted"; readonly event: DeliveryAttempted }
  /** The attempt was made, but its claim has lapsed: its result no longer counts. */
  | { readonly kind: "too_late" }
  /** Our own fault prevented the attempt; it does not count. */
  | { readonly kind: "not_sent"; readonly reason: string };

/**
 * Records the outcome of a claimed attempt under its claim, or that it was not made. An endpoint that answered 410 is
 * disabled.
 *
 * @param end when the answer or the time-out came
 * @param policy decides when the next attempt is due if this one failed
 * @throws what the log throws when it does not take the outcome before the signal aborts
 */
export function recordOutcome(
  store: EventStore,
  claim: AttemptClaim,
  result: SendResult,
  end: AttemptEnd,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<RecordedOutcome> {
  const { attempt, loaded } = claim;
  const { deliveryId, endpointId } = claim.delivery;
  // All tries use one id, so a try recognises the append of an earlier one with unknown outcome.
  const commandId = timeOrderedId();
  return untilRecorded(signal, async () => {
    if (result.kind === "not_sent") {
      const { reason } = result;
      const command = { deliveryId, attempt, reason, now: end.at };
      await handleDeliveryCommand(store, decideReleaseAttempt, command, loaded, commandId);
      return { kind: "not_sent", reason };
    }
    // First, so that no crash in between leaves a gone endpoint enabled.
    if (result.kind === "answered" && result.errorCode === "gone") {
      await disableGone(store, { endpointId, url: attempt.url, now: end.at }, loaded.last, ACTOR);
    }
    const command = { deliveryId, attempt, result: attemptResult(result, end), endedAt: end.at, policy };
    const recorded = await handleDeliveryCommand(store, decideRecordAttempt, command, loaded, commandId);
    const [event] = recorded.events;
    return event?.type === "DeliveryAttempted" ? { kind: "attempted", event } : { kind: "too_late" };
  });
}
