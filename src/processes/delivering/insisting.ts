import { AppendOutcomeUnknown, StoreUnavailable } from "../../events/store/event-store-errors.ts";
import { retrying } from "../../runtime/retrying.ts";

/** The first and the longest wait between repetitions, in ms; waits double. */
const RECORDING_WAITS_MS = { minTimeout: 200, maxTimeout: 5_000 };
const SETTLING_WAITS_MS = { minTimeout: 200, maxTimeout: 1_000 };

/** Whether the log refused for a reason that passes by itself. */
export function isPassing(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof AppendOutcomeUnknown;
}

/**
 * Repeats what the log refused for a passing reason, until the signal aborts. It continues after the lease: during an
 * outage of the log no other process can have closed the claim, and if one has, the append at its revision fails.
 *
 * @throws an error that does not pass, and the last refusal or the signal's reason after an abort
 */
export function untilRecorded<T>(signal: AbortSignal, record: () => Promise<T>): Promise<T> {
  return retrying(record, {
    ...RECORDING_WAITS_MS,
    retries: Number.POSITIVE_INFINITY,
    signal,
    shouldRetry: (error) => !signal.aborted && isPassing(error),
  });
}

/**
 * Repeats an append with unknown outcome until the outcome is known, the signal aborts, or it has become useless. An
 * append that the log plainly refused the first time is not repeated.
 *
 * @param append the same each time: ids, events and expectation
 * @param isOfUse checked before each repetition
 * @throws the last error: AppendOutcomeUnknown or StoreUnavailable if the outcome is not known, or the signal's reason
 */
export function untilKnown<T>(signal: AbortSignal, isOfUse: () => boolean, append: () => Promise<T>): Promise<T> {
  let isOpen = false;
  return retrying(append, {
    ...SETTLING_WAITS_MS,
    retries: Number.POSITIVE_INFINITY,
    signal,
    shouldRetry: (error) => {
      isOpen ||= error instanceof AppendOutcomeUnknown;
      return isOpen && !signal.aborted && isPassing(error) && isOfUse();
    },
  });
}
