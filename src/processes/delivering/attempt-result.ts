import type { AttemptResult } from "../../commands/record-attempt.ts";
import type { AttemptUnderWay } from "../../events/delivery.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import { askedWaitMs } from "../sending/asked-wait.ts";

/**
 * The result in its recorded form. An attempt cut off by a shutdown may have arrived, so its outcome is unknown.
 *
 * @param endedAt milliseconds since the epoch
 */
export function attemptResult(
  result: Exclude<SendResult, { kind: "not_sent" }>,
  attempt: AttemptUnderWay,
  endedAt: number,
): AttemptResult {
  if (result.kind === "interrupted") {
    return {
      outcome: "unknown",
      errorCode: null,
      responseStatus: null,
      responseBody: null,
      responseTruncated: false,
      durationMs: Math.max(0, endedAt - Date.parse(attempt.startedAt)),
      askedWaitMs: null,
    };
  }
  const { outcome, errorCode, responseStatus, responseBody, responseTruncated, durationMs, retryAfter } = result;
  return {
    outcome,
    errorCode,
    responseStatus,
    responseBody,
    responseTruncated,
    durationMs,
    askedWaitMs: askedWaitMs(retryAfter, endedAt),
  };
}
