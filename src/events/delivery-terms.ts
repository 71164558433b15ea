import { z } from "zod";

/**
 * The words of deliveries and their attempts, each list once: what the log takes, what the API shows and what its pages
 * explain comes from here. A word that was ever written never changes; a new one goes to the end of its list.
 */

/** Where a delivery is. */
export const deliveryStatus = z.enum(["PENDING", "SUCCESS", "FAILED", "CANCELED"]);
export type DeliveryStatus = z.infer<typeof deliveryStatus>;

/** What became of an attempt. `unknown`: the sender vanished, so the receiver may or may not have it. */
export const attemptOutcome = z.enum(["delivered", "failed", "unknown"]);
export type AttemptOutcome = z.infer<typeof attemptOutcome>;

/** Why an attempt failed, for the owner of the delivery (docs/reference/receivers.md). */
export const attemptErrorCode = z.enum([
  "redirect",
  "gone",
  "http_status",
  "dns",
  "refused",
  "reset",
  "timeout",
  "tls",
  "protocol",
  "target_forbidden",
  "tls_untrusted",
  "tls_expired",
  "tls_name_mismatch",
]);
export type AttemptErrorCode = z.infer<typeof attemptErrorCode>;

/** Why a delivery failed for good. */
export const failureReason = z.enum(["attempts_exhausted", "gone"]);
/** Why a delivery was canceled. */
export const cancelReason = z.enum(["endpoint_deleted"]);
/** Why a delivery is held. */
export const holdReason = z.enum(["endpoint_disabled", "paused"]);
export type HoldReason = z.infer<typeof holdReason>;
/**
 * What a pending delivery waits for: its due time, its endpoint to be enabled, a free slot of its endpoint, its user or the
 * process, or the end of a pause.
 */
export const waitingFor = z.enum(["due_time", ...holdReason.options, "slot"]);
export type WaitingFor = z.infer<typeof waitingFor>;

/** Why a delivery ended without success. */
export const endReason = z.enum([...failureReason.options, ...cancelReason.options]);
export type EndReason = z.infer<typeof endReason>;
