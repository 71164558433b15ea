/**
 * The least and the most time of a lease beside the attempt's own, in ms. A log that stalls may take its longest, 4 s, for
 * the claim, whose lease counts from before, and again for the result; 15 s are plenty for any.
 */
const MARGIN_MS = { min: 10_000, max: 15_000 };
/** What has to be left of a lease, in ms, when the longest attempt has ended: one append that takes the log's longest. */
const RECORDING_MS = 5_000;

/**
 * How long a claim holds, in ms: the attempt's own time, and as much again to claim it and to record what came back, within
 * bounds. What a crash cut off waits until then, and short attempts should not come with a long wait.
 *
 * @param timeoutMs how long an attempt may take, in ms
 */
export function leaseOf(timeoutMs: number): number {
  return timeoutMs + Math.min(MARGIN_MS.max, Math.max(MARGIN_MS.min, timeoutMs));
}

/**
 * Until when an attempt under a claim may begin, in ms since the Unix epoch: one that begins later could outlast its lease
 * before its result is recorded, and somebody else would send as well.
 *
 * @param startedAt when the claim was made, in ms since the Unix epoch
 */
export function latestSending(startedAt: number, timeoutMs: number): number {
  return startedAt + leaseOf(timeoutMs) - timeoutMs - RECORDING_MS;
}
