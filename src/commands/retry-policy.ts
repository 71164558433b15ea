/** When a failed attempt is repeated. */
export interface RetryPolicy {
  /** The waits after the first, second, … failed attempt, in ms; one attempt more than there are waits. */
  readonly waitsMs: readonly number[];
}

/** The schedule of docs/operations/retries.md: five attempts, 1, 2, 4 and 8 units apart. `unitMs` is a minute but in demonstrations. */
export function retryPolicy(unitMs: number): RetryPolicy {
  return { waitsMs: [1, 2, 4, 8].map((units) => units * unitMs) };
}

/** The schedule that an endpoint's owner chose: the waits in seconds. */
export function chosenPolicy(waitsSeconds: readonly number[]): RetryPolicy {
  return { waitsMs: waitsSeconds.map((seconds) => seconds * 1_000) };
}

/**
 * When the attempt after number `attempt` (from 1) is due, or null when that was the last. Never earlier than the
 * schedule, and not before the receiver's own wish (Retry-After, RFC 9110 section 10.2.3).
 *
 * @param endedAt when the attempt ended, ISO 8601 UTC
 * @param askedWaitMs the receiver's wish, or null
 * @returns ISO 8601 UTC, a whole millisecond that is not early
 */
export function nextAttemptAt(
  policy: RetryPolicy,
  attempt: number,
  endedAt: string,
  askedWaitMs: number | null,
): string | null {
  const wait = policy.waitsMs[attempt - 1];
  if (wait === undefined) return null;
  return new Date(Math.ceil(Date.parse(endedAt) + Math.max(wait, askedWaitMs ?? 0))).toISOString();
}
