import { AppendOutcomeUnknown, StoreUnavailable } from "../../events/store/event-store-errors.ts";
import { retrying } from "../../runtime/retrying.ts";

/** The waits between repetitions, in ms: they double from the one to the other. */
const RECORDING_WAITS_MS = { minTimeout: 200, maxTimeout: 5_000 };
const SETTLING_WAITS_MS = { minTimeout: 200, maxTimeout: 1_000 };

/** Whether the log refused something for a reason that passes by itself. */
export function isPassing(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof AppendOutcomeUnknown;
}

/**
 * Repeats what the log refused for a passing reason until the signal aborts. After the lease as well: in an outage of the
 * log no other process can have closed the claim, and if one has, the append at its revision fails.
 *
 * @throws what does not pass, and the last refusal or the signal's reason when it aborted
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
 * Repeats an append of unknown outcome until the outcome is known, the signal aborts, or it is of no
 * use any more. What the log plainly refused the first time is not repeated.
 *
 * @param append the same each time: ids, events and expectation
 * @param isOfUse is asked before each repetition
 * @throws what the last try threw: AppendOutcomeUnknown or StoreUnavailable when it is not known, or the signal's reason
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
