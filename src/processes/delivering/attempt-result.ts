import { unknownResult } from "../../commands/record-attempt.ts";
import type { AttemptResult } from "../../commands/record-attempt.ts";
import type { SendResult } from "../sending/attempt-outcome.ts";
import { askedWaitMs } from "../sending/asked-wait.ts";

/** When an attempt ended. */
export interface AttemptEnd {
  /** ISO 8601 UTC */
  readonly at: string;
  /** The time since its claim began, in whole ms. */
  readonly durationMs: number;
}

/** The result in its recorded form. An attempt cut off by a shutdown may have arrived, so its outcome is unknown. */
export function attemptResult(result: Exclude<SendResult, { kind: "not_sent" }>, end: AttemptEnd): AttemptResult {
  if (result.kind === "interrupted") return unknownResult(end.durationMs);
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
    askedWaitMs: askedWaitMs(retryAfter, Date.parse(end.at)),
  };
}
