import { handleCommand, loadStream } from "../../commands/handling/command-handler.ts";
import type { Loaded } from "../../commands/handling/command-handler.ts";
import { decideWithoutAttempt } from "../../commands/hold-delivery.ts";
import { decideLapsedAttempt, decideRecordAttempt } from "../../commands/record-attempt.ts";
import { decideReleaseAttempt } from "../../commands/release-attempt.ts";
import { chosenPolicy } from "../../commands/retry-policy.ts";
import type { RetryPolicy } from "../../commands/retry-policy.ts";
import { decideStartAttempt } from "../../commands/start-attempt.ts";
import { deliveryStream, evolveDelivery } from "../../events/delivery.ts";
import type {
  Delivery,
  DeliveryAttempted,
  DeliveryCanceled,
  DeliveryEvent,
  DeliveryFailed,
  DeliveryHeld,
} from "../../events/delivery.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import type { Clock } from "../../runtime/clock.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import type { Sender } from "../sending/sender.ts";
import { attemptHeaders } from "../sending/signing/attempt-headers.ts";
import type { EndpointVault } from "../sending/signing/endpoint-vault.ts";
import { latestSending, leaseOf } from "./attempt-lease.ts";
import { attemptResult } from "./attempt-result.ts";
import { disableGone } from "./disable-gone.ts";
import { untilKnown, untilRecorded } from "./insisting.ts";

const ACTOR = "delivery-worker";

export interface AttemptDependencies {
  readonly store: EventStore;
  readonly sender: Sender;
  readonly clock: Clock;
  /** Opens what an endpoint's attempts are signed with and the headers that its owner chose. */
  readonly vault: EndpointVault;
  /** Of endpoints whose owner chose no schedule. */
  readonly policy: RetryPolicy;
  /** How long an attempt may take, in ms. */
  readonly timeoutMs: number;
  /** The endpoint as it is now; throws when it is not known (yet). */
  endpointOf(endpointId: number): Promise<EndpointDocument>;
  /** Is told of a claim that lapsed and was closed: nobody knows what became of that attempt. */
  lapsed(event: DeliveryAttempted): void;
}

export type Attempted =
  /** An attempt was made and its outcome recorded. */
  | { readonly kind: "attempted"; readonly event: DeliveryAttempted }
  /** Attempts to its endpoint are stopped, so that it is held, or has ended. */
  | { readonly kind: "stopped"; readonly event: DeliveryHeld | DeliveryCanceled | DeliveryFailed }
  /** There was nothing to do: final, not due, or somebody else's. */
  | { readonly kind: "nothing" }
  /** The attempt was made, but meanwhile its claim had lapsed: its result counts no more. */
  | { readonly kind: "too_late" }
  /** Our own fault kept it from being made; it does not count. */
  | { readonly kind: "not_sent"; readonly reason: string };

/**
 * Makes the attempt of a delivery that is due, if it is: closes a claim that lapsed, claims the attempt in the log before
 * a byte leaves, sends, and records the outcome under that claim. Instead of it, the delivery is held or ends while its
 * endpoint is disabled or deleted.
 *
 * @param known the delivery as its acceptance left it, which saves reading its stream; null: read it
 * @param sent is told when the receiver is no longer occupied, which is before the outcome is recorded
 * @throws what the log throws when it cannot take the claim, or leaves it open whether it has it until it is too late to
 *   send; or when it cannot take the outcome before the signal aborts
 * @throws SealBroken when the endpoint's keys or headers cannot be opened; then nothing was claimed
 */
export async function attemptDelivery(
  deps: AttemptDependencies,
  deliveryId: string,
  known: Loaded<Delivery> | null,
  sent: () => void,
  signal: AbortSignal,
): Promise<Attempted> {
  const { store, sender, clock, timeoutMs } = deps;
  const stream = deliveryStream(deliveryId);
  const run = <E extends DeliveryEvent>(
    from: Loaded<Delivery>,
    decide: (delivery: Delivery | null) => readonly E[],
    commandId = timeOrderedId(),
  ) => handleCommand(store, { stream, evolve: evolveDelivery, decide, commandId, actor: ACTOR, known: from });

  let loaded = known ?? (await loadStream(store, stream, evolveDelivery));
  if (loaded.state?.status !== "PENDING") return { kind: "nothing" };
  const endpoint = await deps.endpointOf(loaded.state.endpointId);
  const policy = endpoint.retry_schedule === null ? deps.policy : chosenPolicy(endpoint.retry_schedule);
  if (loaded.state.underWay) {
    const closed = await run(loaded, (d) => decideLapsedAttempt(d, clock.now(), policy));
    for (const event of closed.events) if (event.type === "DeliveryAttempted") deps.lapsed(event);
    loaded = closed;
  }
  if (endpoint.status !== "enabled") {
    const standing = { status: endpoint.status, goneAt: endpoint.gone_at };
    const stopped = await run(loaded, (d) => decideWithoutAttempt(d, standing, new Date(clock.now()).toISOString()));
    const [stop] = stopped.events;
    return stop === undefined ? { kind: "nothing" } : { kind: "stopped", event: stop };
  }

  const { url } = endpoint;
  // Opened before the claim: what cannot be opened must not cost an attempt.
  const headersOf = attemptHeaders(deps.vault, endpoint, clock.now());
  // One id and one time for all tries: the claim of a try whose outcome stayed unknown is the next one's own.
  const claim = { url, leaseMs: leaseOf(timeoutMs), now: clock.now() };
  const claimId = timeOrderedId();
  const isInTime = (): boolean => clock.now() <= latestSending(claim.now, timeoutMs);
  const claimed = await untilKnown(signal, isInTime, () => run(loaded, (d) => decideStartAttempt(claim, d), claimId));
  const attempt = claimed.events.length > 0 ? claimed.state?.underWay : null;
  if (attempt == null || claimed.state === null) return { kind: "nothing" };

  const { endpointId, payload: body } = claimed.state;
  const { number, startedAt } = attempt;
  const result: SendResult = isInTime()
    ? await sender.send(
        {
          ...{
            deliveryId,
            endpointId,
            url,
            body,
            attempt: number,
            headers: headersOf({ deliveryId, startedAt, body }),
          },
          ...(endpoint.max_concurrency !== null && { maxConnections: endpoint.max_concurrency }),
        },
        signal,
      )
    : { kind: "not_sent", reason: "the log took too long to take the claim" };
  sent();
  const endedAt = clock.now();
  // One id for all tries, so that a try whose outcome stayed unknown is recognised by the next.
  const commandId = timeOrderedId();
  const now = new Date(endedAt).toISOString();
  const isGone = result.kind === "answered" && result.errorCode === "gone";
  return untilRecorded(signal, async () => {
    // First, so that no crash in between leaves an endpoint enabled that said it is gone.
    if (isGone) await disableGone(store, { endpointId, url, now, claim: claimed.last, actor: ACTOR });
    if (result.kind === "not_sent") {
      await run(claimed, (d) => decideReleaseAttempt(attempt, d, result.reason, now), commandId);
      return { kind: "not_sent", reason: result.reason };
    }
    const command = { attempt, result: attemptResult(result, attempt, endedAt), endedAt, policy };
    const [event] = (await run(claimed, (d) => decideRecordAttempt(command, d), commandId)).events;
    return event?.type === "DeliveryAttempted" ? { kind: "attempted", event } : { kind: "too_late" };
  });
}
