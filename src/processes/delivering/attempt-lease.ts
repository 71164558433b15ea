/**
 * How much longer than the attempt a lease is, in ms, at least and at most. A log that stalls may take up to 4 s for
 * the claim (the lease counts from before it), and again for the result; 15 s are enough for any attempt.
 */
const MARGIN_MS = { min: 10_000, max: 15_000 };
/** How much of a lease must be left after the longest attempt, in ms: enough for the slowest append. */
const RECORDING_MS = 5_000;

/**
 * How long a claim holds, in ms: the attempt's time, and as much again (within bounds) to claim it and record its
 * outcome. After a crash the delivery waits until then, so short attempts get a short lease.
 *
 * @param timeoutMs how long an attempt may take, in ms
 */
export function leaseOf(timeoutMs: number): number {
  return timeoutMs + Math.min(MARGIN_MS.max, Math.max(MARGIN_MS.min, timeoutMs));
}

/**
 * How long after its claim an attempt may begin, in ms. Later, its lease could pass before its result is recorded, and
 * another process would send too.
 *
 * @param timeoutMs how long an attempt may take, in ms
 */
export function latestSending(timeoutMs: number): number {
  return leaseOf(timeoutMs) - timeoutMs - RECORDING_MS;
}
