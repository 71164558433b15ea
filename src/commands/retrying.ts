import pRetry from "p-retry";
import type { Options } from "p-retry";

/** When and how often a task is repeated; the waits are p-retry's. */
export interface RetryOptions extends Pick<
  Options,
  "retries" | "minTimeout" | "maxTimeout" | "maxRetryTime" | "randomize" | "signal"
> {
  /** How many repetitions there are at the most. */
  readonly retries: number;
  /** Whether this error may pass. */
  shouldRetry(error: unknown): boolean;
}

/**
 * Does a task, and repeats it while its error may pass. The first try is made without p-retry, whose set-up would cost
 * every attempt of every delivery more than deciding what to append; the first repetition comes without a wait.
 *
 * @throws the last error
 */
export async function retrying<T>(task: (first: boolean) => Promise<T>, options: RetryOptions): Promise<T> {
  try {
    return await task(true);
  } catch (error) {
    if (options.retries < 1 || !options.shouldRetry(error)) throw error;
    return pRetry(() => task(false), {
      ...options,
      retries: options.retries - 1,
      shouldRetry: ({ error: cause }) => options.shouldRetry(cause),
    });
  }
}
