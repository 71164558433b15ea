/**
 * How many durations fell into each bucket: pairs of a bucket's upper bound (whole milliseconds, inclusive) and its
 * count, by ascending bound, without empty buckets. The order of the durations makes no difference.
 */
export type DurationHistogram = readonly (readonly [boundMs: number, count: number])[];

/**
 * The bounds of all buckets: every millisecond up to 20, then each 10 % above the one before, rounded down to a whole
 * millisecond. Computed from whole numbers only, so that they are the same on every machine. There are 151 up to an
 * hour and fewer than 400 up to the largest whole number.
 */
const BOUNDS: readonly number[] = boundsUpTo(Number.MAX_SAFE_INTEGER);

/** The histogram with one more duration, in whole milliseconds from 0. */
export function withDuration(histogram: DurationHistogram, durationMs: number): DurationHistogram {
  const bound = boundOf(durationMs);
  const at = histogram.findIndex(([other]) => other >= bound);
  const [there, count] = histogram[at] ?? [];
  if (there === bound && count !== undefined) return histogram.with(at, [bound, count + 1]);
  return at < 0 ? [...histogram, [bound, 1]] : histogram.toSpliced(at, 0, [bound, 1]);
}

/**
 * The percentile by nearest rank, in ms: the bound of its bucket. Null without durations. Never below the exact
 * percentile and less than 10 % above it; exact up to 20 ms.
 *
 * @param percent a whole number from 1 to 100
 */
export function percentile(histogram: DurationHistogram, percent: number): number | null {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.ceil((total * percent) / 100);
  for (const [bound, count] of histogram) {
    left -= count;
    if (left <= 0) return bound;
  }
  return null;
}

/** The smallest bound that is not below the duration. */
function boundOf(durationMs: number): number {
  return BOUNDS.find((bound) => bound >= durationMs) ?? Number.MAX_SAFE_INTEGER;
}

function boundsUpTo(max: number): number[] {
  const bounds: number[] = [];
  for (let bound = 0; bound < max; bound += Math.max(1, Math.floor(bound / 10))) bounds.push(bound);
  return [...bounds, max];
}
