import type { AttemptErrorCode, AttemptOutcome } from "../../events/delivery-terms.ts";
import { TARGET_FORBIDDEN } from "./targets/target-forbidden.ts";

export { askedWaitMs, honoursRetryAfter } from "./asked-wait.ts";

/** An attempt that counts: the receiver, or the network on the way to it, answered. */
export interface AnsweredResult {
  readonly kind: "answered";
  readonly outcome: Exclude<AttemptOutcome, "unknown">;
  /** Null exactly when the outcome is `delivered`. */
  readonly errorCode: AttemptErrorCode | null;
  /** Null when no status line came. */
  readonly responseStatus: number | null;
  /** The beginning of the body as safe text, empty without a body; null when no status line came. */
  readonly responseBody: string | null;
  /** Whether the body was longer than that, or did not end. */
  readonly responseTruncated: boolean;
  /** The unparsed header, if the status honours it; for `askedWaitMs`. */
  readonly retryAfter: string | null;
  readonly durationMs: number;
  /** How many connections the request was written to: 1, or 2 after a repeat (docs/operations/retries.md). */
  readonly connections: 1 | 2;
}

export type SendResult =
  | AnsweredResult
  /**
   * Nothing was sent, for a reason of our own. Not an attempt: the delivery returns to the queue and its count stays.
   */
  | { readonly kind: "not_sent"; readonly reason: string }
  /** Aborted after bytes may have left and before a status came: whether the receiver has it is unknown. */
  | { readonly kind: "interrupted" };

/** Asks for nothing that was offered: a request without `Upgrade` is never answered so (RFC 9110 section 15.2.2). */
const SWITCHING_PROTOCOLS = 101;

/** The meaning of a status by itself, whatever happens behind it. Below 100 it is not a valid status. */
export function outcomeOfStatus(status: number): Pick<AnsweredResult, "outcome" | "errorCode"> {
  if (status >= 200 && status <= 299) return { outcome: "delivered", errorCode: null };
  if (status < 100 || status === SWITCHING_PROTOCOLS) return { outcome: "failed", errorCode: "protocol" };
  if (status >= 300 && status <= 399) return { outcome: "failed", errorCode: "redirect" };
  return { outcome: "failed", errorCode: status === 410 ? "gone" : "http_status" };
}

/** The process or the machine lacks a resource, or the client was closed: not the receiver's doing. */
const OWN_FAULTS = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "UND_ERR_CLOSED", "UND_ERR_DESTROYED"]);

/** From getaddrinfo and from c-ares. */
const DNS =
  /^(ENOTFOUND|EAI_\w+|ENODATA|EFORMERR|ESERVFAIL|ENOTIMP|EREFUSED|EBADQUERY|EBADNAME|EBADRESP|ETIMEOUT|ENONAME)$/;
/** Nothing listens there, or there is no route to it. */
const REFUSED = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM|EINVAL)$/;
const RESET = /^(ECONNRESET|ECONNABORTED|EPIPE|ENOTCONN|UND_ERR_SOCKET)$/;
const TIMEOUT = /^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/;
/** Node's own codes, OpenSSL's errors (such as `ERR_SSL_SSL/TLS_ALERT_…`) and its names for certificate problems. */
const TLS =
  /^(ERR_TLS_.+|ERR_O?SSL_.+|EPROTO|\w*CERT_?\w*|\w*CRL_\w+|UNABLE_TO_\w+|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/;

/**
 * What is wrong with the receiver's certificate, where its owner can tell from it what to do: OpenSSL's names for the
 * results of the verification, and Node's for a certificate of another name.
 */
const CERTIFICATE_FAULTS: ReadonlyMap<string, AttemptErrorCode> = new Map([
  // No chain to a known authority: the intermediate certificate is missing, or the authority is unknown here.
  ["UNABLE_TO_GET_ISSUER_CERT", "tls_untrusted"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "tls_untrusted"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls_untrusted"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls_untrusted"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "tls_untrusted"],
  ["CERT_UNTRUSTED", "tls_untrusted"],
  ["CERT_HAS_EXPIRED", "tls_expired"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls_name_mismatch"],
  ["HOSTNAME_MISMATCH", "tls_name_mismatch"],
]);

/** The alert of a receiver that requires a client certificate. In TLS 1.3 it comes after our side of the handshake. */
const CERTIFICATE_WANTED = /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

/** Where an exchange was when it failed: before the request was written, without or with TLS, or after that. */
export type Stage = "connecting" | "securing" | "written";

/**
 * The code of a failure before any status came. Anything that is not a failure to connect or to stay connected counts
 * as `protocol`: a parser's error, oversized headers, a failed assertion of the HTTP client. `tls` and the codes that
 * begin with it mean that the handshake failed, so the receiver read nothing of the request. That includes a connection
 * that ends during the handshake, but not TLS errors after it.
 */
export function errorCodeOf(error: unknown, stage: Stage): AttemptErrorCode {
  const code = codeOf(error);
  if (stage === "securing" && code === "reset") return "tls";
  if (stage === "written" && code === "tls" && !causesOf(error).some((cause) => CERTIFICATE_WANTED.test(cause.code))) {
    return "protocol";
  }
  return code;
}

function codeOf(error: unknown): AttemptErrorCode {
  for (const { code, syscall } of causesOf(error)) {
    if (code === TARGET_FORBIDDEN) return "target_forbidden";
    // A resolver that refuses us has the same code as a receiver that does.
    if (DNS.test(code) || /^(query|getaddrinfo)/.test(syscall)) return "dns";
    if (REFUSED.test(code)) return "refused";
    if (RESET.test(code)) return "reset";
    if (TIMEOUT.test(code)) return "timeout";
    const certificateFault = CERTIFICATE_FAULTS.get(code);
    if (certificateFault !== undefined) return certificateFault;
    if (TLS.test(code)) return "tls";
  }
  return "protocol";
}

/** Whether the failure is ours, so that it is not an attempt if nothing was sent. */
export function isOwnFault(error: unknown): boolean {
  return causesOf(error).some(({ code }) => OWN_FAULTS.has(code));
}

/** How deep a chain of causes is followed; it may be circular. */
const MAX_DEPTH = 4;

/** The codes of the error, of the errors it aggregates (one per address tried) and of its causes. */
function causesOf(error: unknown, depth = 0): { code: string; syscall: string }[] {
  if (typeof error !== "object" || error === null || depth > MAX_DEPTH) return [];
  const { code, syscall, errors, cause } = error as Record<string, unknown>;
  const inner: unknown[] = [...(Array.isArray(errors) ? (errors as unknown[]) : []), cause];
  const own = typeof code === "string" ? [{ code, syscall: typeof syscall === "string" ? syscall : "" }] : [];
  return [...own, ...inner.flatMap((each) => causesOf(each, depth + 1))];
}
