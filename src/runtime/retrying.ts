import pRetry from "p-retry";
import type { Options } from "p-retry";

/** When and how often a task is repeated; the waits are p-retry's. */
export interface RetryOptions extends Pick<Options, "retries" | "minTimeout" | "maxTimeout" | "randomize" | "signal"> {
  /** The most repetitions. */
  readonly retries: number;
  /** After this time since the first try began, in ms, no repetition starts. Default: no limit. */
  readonly maxRetryTime?: number;
  /** Whether the error may pass. */
  shouldRetry(error: unknown): boolean;
}

/**
 * Runs a task, and repeats it while its error may pass. The first try does not use p-retry, whose set-up would cost
 * every attempt of every delivery more than deciding what to append; the first repetition comes without a wait. Time is
 * measured with the monotonic clock, as in p-retry.
 *
 * @throws the last error
 */
export async function retrying<T>(task: (first: boolean) => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, maxRetryTime = Number.POSITIVE_INFINITY } = options;
  const startedAt = maxRetryTime === Number.POSITIVE_INFINITY ? 0 : performance.now();
  try {
    return await task(true);
  } catch (error) {
    const left = maxRetryTime - (performance.now() - startedAt);
    if (retries < 1 || left <= 0 || !options.shouldRetry(error)) throw error;
    return pRetry(() => task(false), {
      ...options,
      retries: retries - 1,
      maxRetryTime: left,
      shouldRetry: ({ error: cause }) => options.shouldRetry(cause),
    });
  }
}
