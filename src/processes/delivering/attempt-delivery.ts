import { decideCloseLapsedAttempt } from "../../commands/close-lapsed-attempt.ts";
import { loadStream } from "../../commands/handling/command-handler.ts";
import type { Loaded } from "../../commands/handling/command-handler.ts";
import { chosenPolicy } from "../../commands/retry-policy.ts";
import type { RetryPolicy } from "../../commands/retry-policy.ts";
import { decideStopDelivery } from "../../commands/stop-delivery.ts";
import { deliveryStream, evolveDelivery } from "../../events/delivery.ts";
import type {
  Delivery,
  DeliveryAttempted,
  DeliveryCanceled,
  DeliveryFailed,
  DeliveryHeld,
} from "../../events/delivery.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";
import { isoNow } from "../../runtime/clock.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import type { Sender } from "../sending/sender.ts";
import { attemptHeaders } from "../sending/signing/attempt-headers.ts";
import type { EndpointVault } from "../sending/signing/endpoint-vault.ts";
import { claimAttempt } from "./claim-attempt.ts";
import type { AttemptClaim, ClaimDependencies } from "./claim-attempt.ts";
import { handleDeliveryCommand } from "./delivery-command.ts";
import { recordOutcome } from "./record-outcome.ts";
import type { RecordedOutcome } from "./record-outcome.ts";

export interface AttemptDependencies extends ClaimDependencies {
  readonly sender: Sender;
  /** Opens the signing keys of an endpoint and the headers that its owner chose. */
  readonly vault: EndpointVault;
  /** For endpoints whose owner chose no schedule. */
  readonly policy: RetryPolicy;
  /** The endpoint as it is now; throws when it is unknown or not known yet. */
  endpointOf(endpointId: number): Promise<EndpointDocument>;
  /** Whether a pause keeps attempts from the endpoint now. */
  readonly isPaused: (endpoint: EndpointDocument) => boolean;
  /** Called with a lapsed claim that was closed: the outcome of that attempt is unknown. */
  readonly lapsed: (event: DeliveryAttempted, reference: Reference) => void;
}

/** The client's own name for the delivery; null without one. */
export type Reference = Delivery["reference"];

export type Attempted =
  | (RecordedOutcome & { readonly reference: Reference })
  /** Attempts to the endpoint are stopped or paused, so the delivery is held or has ended. */
  | {
      readonly kind: "stopped";
      readonly event: DeliveryHeld | DeliveryCanceled | DeliveryFailed;
      readonly reference: Reference;
    }
  /** Nothing to do: the delivery is final, not due, or claimed by another process. */
  | { readonly kind: "nothing" };

/**
 * Makes the attempt of a delivery if it is due: closes a lapsed claim, claims the attempt in the log before anything is
 * sent, sends, and records the outcome under that claim. If the endpoint is disabled, deleted or paused, the delivery is
 * held or ends instead.
 *
 * @param known the delivery right after its acceptance, which saves reading its stream; null: read it
 * @param sent called when the receiver is free again, before the outcome is recorded
 * @throws what the log throws when it does not take the claim, or does not confirm it in time for sending; or when it
 *   does not take the outcome before the signal aborts
 * @throws SealBroken when the endpoint's keys or headers cannot be opened; nothing is claimed then
 */
export async function attemptDelivery(
  deps: AttemptDependencies,
  deliveryId: string,
  known: Loaded<Delivery> | null,
  sent: () => void,
  signal: AbortSignal,
): Promise<Attempted> {
  const { store, clock } = deps;
  let loaded = known ?? (await loadStream(store, deliveryStream(deliveryId), evolveDelivery));
  if (loaded.state?.status !== "PENDING") return { kind: "nothing" };
  const { reference } = loaded.state;
  const endpoint = await deps.endpointOf(loaded.state.endpointId);
  const policy = endpoint.retry_schedule === null ? deps.policy : chosenPolicy(endpoint.retry_schedule);
  if (loaded.state.underWay) loaded = await closeLapsed(deps, deliveryId, loaded, policy);
  // Nothing is awaited between this and the claim, so no attempt begins once the pause is known here.
  if (endpoint.status !== "enabled" || deps.isPaused(endpoint)) return stop(deps, deliveryId, loaded, endpoint);
  // Open them before the claim: a failure must not cost an attempt.
  const headersOf = attemptHeaders(deps.vault, endpoint, clock.now());
  const claim = await claimAttempt(deps, deliveryId, loaded, endpoint.url, signal);
  if (claim === null) return { kind: "nothing" };
  const result = await send(deps.sender, claim, endpoint, headersOf, signal);
  sent();
  const end = { at: isoNow(clock), durationMs: Math.round(claim.elapsedMs()) };
  return { ...(await recordOutcome(store, claim, result, end, policy, signal)), reference };
}

/** Closes the open claim if its lease has passed, and then calls `lapsed`. */
async function closeLapsed(
  { store, clock, lapsed }: AttemptDependencies,
  deliveryId: string,
  known: Loaded<Delivery>,
  policy: RetryPolicy,
): Promise<Loaded<Delivery>> {
  const command = { deliveryId, policy, now: isoNow(clock) };
  const closed = await handleDeliveryCommand(store, decideCloseLapsedAttempt, command, known);
  const reference = known.state?.reference ?? null;
  for (const event of closed.events) if (event.type === "DeliveryAttempted") lapsed(event, reference);
  return closed;
}

/** Holds or ends the delivery, because no attempt may be made to its endpoint. */
async function stop(
  { store, clock, isPaused }: AttemptDependencies,
  deliveryId: string,
  known: Loaded<Delivery>,
  endpoint: EndpointDocument,
): Promise<Attempted> {
  const standing = { status: endpoint.status, goneAt: endpoint.gone_at, paused: isPaused(endpoint) };
  const command = { deliveryId, endpoint: standing, now: isoNow(clock) };
  const stopped = await handleDeliveryCommand(store, decideStopDelivery, command, known);
  const [event] = stopped.events;
  const reference = known.state?.reference ?? null;
  return event === undefined ? { kind: "nothing" } : { kind: "stopped", event, reference };
}

/** Sends the request of a claimed attempt, unless it is too late for its lease. */
async function send(
  sender: Sender,
  { attempt, delivery, isInTime }: AttemptClaim,
  { url, max_concurrency: maxConnections }: EndpointDocument,
  headersOf: ReturnType<typeof attemptHeaders>,
  signal: AbortSignal,
): Promise<SendResult> {
  if (!isInTime()) return { kind: "not_sent", reason: "the log took too long to take the claim" };
  const { deliveryId, endpointId, payload: body } = delivery;
  const { number, startedAt } = attempt;
  const headers = headersOf({ deliveryId, startedAt, body });
  const request = { deliveryId, endpointId, url, body, attempt: number, headers };
  return sender.send(maxConnections === null ? request : { ...request, maxConnections }, signal);
}
