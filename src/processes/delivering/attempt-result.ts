import { unknownResult } from "../../commands/record-attempt.ts";
import type { AttemptResult } from "../../commands/record-attempt.ts";
import type { AttemptUnderWay } from "../../events/delivery.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import { askedWaitMs } from "../sending/asked-wait.ts";

/**
 * The result in its recorded form. An attempt cut off by a shutdown may have arrived, so its outcome is unknown.
 *
 * @param endedAt ISO 8601 UTC
 */
export function attemptResult(
  result: Exclude<SendResult, { kind: "not_sent" }>,
  attempt: AttemptUnderWay,
  endedAt: string,
): AttemptResult {
  if (result.kind === "interrupted") return unknownResult(attempt, endedAt);
  const { outcome, errorCode, responseStatus, responseBody, responseTruncated, connections, durationMs, retryAfter } =
    result;
  return {
    outcome,
    errorCode,
    responseStatus,
    responseBody,
    responseTruncated,
    connections,
    durationMs,
    askedWaitMs: askedWaitMs(retryAfter, Date.parse(endedAt)),
  };
}
